// The User resource: RFC 7643 section 4.1 and the enterprise extension of section 4.3. `password` is not published, since
// Drawbridge never holds one: in a body it is taken and dropped.
import { attribute, LONGEST_INDEXED, type ResourceType, type Schema } from './attribute.ts';
import { COMMON } from './common-attributes.ts';
import { ENTERPRISE_USER, USER } from './names.ts';
import { plural } from './plural-attribute.ts';

const NAME = attribute('name', 'complex', "The parts of the person's name.", {
  subAttributes: [
    attribute('formatted', 'string', 'The full name, formatted for display.'),
    attribute('familyName', 'string', 'The family name.', { column: 'familyName' }),
    attribute('givenName', 'string', 'The given name.', { column: 'givenName' }),
    attribute('middleName', 'string', 'The middle names.'),
    attribute('honorificPrefix', 'string', 'The title, such as "Ms.".'),
    attribute('honorificSuffix', 'string', 'The suffix, such as "III".'),
  ],
});

const ADDRESSES = attribute('addresses', 'complex', 'Postal addresses.', {
  multiValued: true,
  subAttributes: [
    attribute('formatted', 'string', 'The full address, formatted for display.'),
    attribute('streetAddress', 'string', 'The street, with house number.'),
    attribute('locality', 'string', 'The city.'),
    attribute('region', 'string', 'The state or region.'),
    attribute('postalCode', 'string', 'The postal code.'),
    attribute('country', 'string', 'The country.'),
    attribute('type', 'string', 'What the address is for.', { canonicalValues: ['work', 'home', 'other'] }),
    attribute('primary', 'boolean', 'Whether this is the preferred one; at most one is.'),
  ],
});

const GROUPS = attribute(
  'groups',
  'complex',
  'The groups of this directory that the user is in; changed at the group.',
  {
    multiValued: true,
    mutability: 'readOnly',
    collection: 'groups',
    subAttributes: [
      attribute('value', 'string', 'The id of the group.', {
        mutability: 'readOnly',
        caseExact: true,
        column: 'value',
      }),
      attribute('$ref', 'reference', 'The address of the group.', {
        mutability: 'readOnly',
        referenceTypes: ['Group'],
        addressOf: { endpoint: '/Groups', column: 'value' },
      }),
      attribute('display', 'string', 'The name of the group.', { mutability: 'readOnly', column: 'display' }),
      attribute('type', 'string', 'Always "direct".', {
        mutability: 'readOnly',
        canonicalValues: ['direct'],
        column: 'type',
      }),
    ],
  },
);

const USER_SCHEMA: Schema = {
  id: USER,
  name: 'User',
  description: 'User Account',
  attributes: [
    attribute('userName', 'string', 'What the directory calls the user; unique in it, whatever its case.', {
      required: true,
      uniqueness: 'server',
      column: 'userName',
      longest: LONGEST_INDEXED,
    }),
    NAME,
    attribute('displayName', 'string', 'The name as shown to people.', { column: 'displayName' }),
    attribute('nickName', 'string', 'The casual name.'),
    attribute('profileUrl', 'reference', 'The address of a page about the user.', { referenceTypes: ['external'] }),
    attribute('title', 'string', 'The job title.'),
    attribute('userType', 'string', 'The relation to the organization, such as "Employee".'),
    attribute('preferredLanguage', 'string', 'The preferred language, such as "en-US".'),
    attribute('locale', 'string', 'The locale, such as "en-US".'),
    attribute('timezone', 'string', 'The time zone, such as "Europe/Berlin".'),
    attribute('active', 'boolean', 'False blocks the user: access ends at once, and everything else is kept.', {
      column: 'active',
    }),
    plural('emails', 'E-mail addresses.', {
      types: ['work', 'home', 'other'],
      sortColumn: 'primaryEmail',
      place: 'emails',
    }),
    plural('phoneNumbers', 'Phone numbers, kept as sent.', {
      types: ['work', 'home', 'mobile', 'fax', 'pager', 'other'],
    }),
    plural('ims', 'Instant messaging addresses.', {
      types: ['aim', 'gtalk', 'icq', 'xmpp', 'msn', 'skype', 'qq', 'yahoo'],
    }),
    plural('photos', 'Addresses of photos.', { types: ['photo', 'thumbnail'], type: 'reference' }),
    ADDRESSES,
    GROUPS,
    plural('entitlements', 'What the directory says the user is entitled to; a fact that grants nothing by itself.'),
    plural('roles', 'What the directory says the user is; a fact that grants nothing by itself.'),
    plural('x509Certificates', 'Certificates of the user.', { type: 'binary' }),
  ],
};

const ENTERPRISE_SCHEMA: Schema = {
  id: ENTERPRISE_USER,
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    attribute('employeeNumber', 'string', 'The number given by the organization.'),
    attribute('costCenter', 'string', 'The cost center.'),
    attribute('organization', 'string', 'The organization.'),
    attribute('division', 'string', 'The division.'),
    attribute('department', 'string', 'The department.'),
    attribute('manager', 'complex', "The user's manager.", {
      subAttributes: [
        attribute('value', 'string', "The id of the manager's user, who may be made later.", {
          caseExact: true,
          place: 'manager',
        }),
        attribute('$ref', 'reference', "The address of the manager's user.", {
          referenceTypes: ['User'],
          addressOf: { endpoint: '/Users', column: 'managerId' },
        }),
        attribute('displayName', 'string', "The manager's name, from when there is such a user.", {
          mutability: 'readOnly',
          returned: 'request',
          column: 'managerName',
        }),
      ],
    }),
  ],
};

export const USER_TYPE: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  description: 'User Account',
  schema: USER_SCHEMA,
  extensions: [ENTERPRISE_SCHEMA],
  common: COMMON,
};
