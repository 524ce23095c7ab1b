// The Group resource: RFC 7643 section 4.2. Members are users; no directory of the field sends nested groups.
import { attribute, LONGEST_INDEXED, type ResourceType } from './attribute.ts';
import { COMMON } from './common-attributes.ts';
import { GROUP } from './names.ts';

export const GROUP_TYPE: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  description: 'Group',
  schema: {
    id: GROUP,
    name: 'Group',
    description: 'Group',
    attributes: [
      attribute('displayName', 'string', 'The name of the group; unique in the directory, whatever its case.', {
        required: true,
        uniqueness: 'server',
        column: 'displayName',
        longest: LONGEST_INDEXED,
      }),
      attribute('members', 'complex', 'The users in the group.', {
        multiValued: true,
        collection: 'members',
        subAttributes: [
          attribute('value', 'string', 'The id of the user.', {
            mutability: 'immutable',
            caseExact: true,
            column: 'value',
          }),
          attribute('$ref', 'reference', 'The address of the user.', {
            mutability: 'immutable',
            referenceTypes: ['User'],
            addressOf: { endpoint: '/Users', column: 'value' },
          }),
          // a name for each of 100,000 members is loaded only for who wants it
          attribute('display', 'string', 'The name of the user.', {
            mutability: 'readOnly',
            returned: 'request',
            column: 'display',
          }),
          attribute('type', 'string', 'Always "User".', {
            mutability: 'immutable',
            canonicalValues: ['User'],
            column: 'type',
          }),
        ],
      }),
    ],
  },
  extensions: [],
  common: COMMON,
};
