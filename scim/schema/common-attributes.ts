// The attributes that every resource has (RFC 7643 section 3.1).
import { attribute, LONGEST_INDEXED } from './attribute.ts';

const ID = attribute('id', 'string', 'Unique identifier of the resource, given by this service.', {
  required: true,
  caseExact: true,
  mutability: 'readOnly',
  returned: 'always',
  uniqueness: 'server',
  column: 'id',
  common: true,
});

const EXTERNAL_ID = attribute('externalId', 'string', "The directory's own identifier of the resource.", {
  caseExact: true,
  column: 'externalId',
  longest: LONGEST_INDEXED,
  common: true,
});

const SCHEMAS = attribute('schemas', 'reference', 'The schemas of the resource.', {
  multiValued: true,
  mutability: 'readOnly',
  returned: 'always',
  referenceTypes: ['uri'],
  common: true,
});

const META = attribute('meta', 'complex', 'What this service knows about the resource.', {
  mutability: 'readOnly',
  common: true,
  subAttributes: [
    attribute('resourceType', 'string', 'The name of the resource type.', { mutability: 'readOnly', caseExact: true }),
    attribute('created', 'dateTime', 'When the resource was made.', { mutability: 'readOnly', column: 'created' }),
    attribute('lastModified', 'dateTime', 'When the resource last changed.', {
      mutability: 'readOnly',
      column: 'lastModified',
    }),
    attribute('location', 'reference', 'The address of the resource.', { mutability: 'readOnly' }),
    attribute('version', 'string', 'The version of the resource, as in its ETag.', {
      mutability: 'readOnly',
      caseExact: true,
      column: 'version',
    }),
  ],
});

export const COMMON = [SCHEMAS, ID, EXTERNAL_ID, META];
