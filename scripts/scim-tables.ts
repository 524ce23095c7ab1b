// The tables of docs/scim.md that are made from the code: every attribute with its characteristics, and every refusal with
// its cause and cure. test/scim/docs.test.ts keeps the document equal to them; `npm run docs:tables` writes them.

import { AGENT_TYPE, AGENTIC_APPLICATION_TYPE } from '../scim/schema/agent-schema.ts';
import type { Attribute, Schema } from '../scim/schema/attribute.ts';
import { COMMON } from '../scim/schema/common-attributes.ts';
import { GROUP_TYPE } from '../scim/schema/group-schema.ts';
import { USER_TYPE } from '../scim/schema/user-schema.ts';
import { ERRORS, type ErrorCode } from '../src/errors.ts';
import { tableOf } from './doc-tables.ts';

type Note = { readonly cause: string; readonly cure: string };

/** Every code that a SCIM answer can carry. */
export const NOTES = {
  invalid_syntax: {
    cause: 'The body is no JSON object, nests too deep, is not UTF-8, or is no PATCH, search or bulk request.',
    cure: 'Send what RFC 7644 describes for this address.',
  },
  invalid_filter: {
    cause: 'The filter cannot be read, names no attribute of the type, or compares it with something it never holds.',
    cure: 'The detail names the place. Custom attributes must be declared first.',
  },
  invalid_path: {
    cause: 'The path of a PATCH names no attribute.',
    cure: 'Remove that mapping from the client, or declare the attribute as an extension schema.',
  },
  no_target: {
    cause:
      'A PATCH removes or replaces an element that is not there (profile `generic` only, or a removal without a path).',
    cure: 'Read the resource again. For Entra and Okta choose that profile: they repeat such operations on purpose.',
  },
  invalid_value: {
    cause:
      'A value has the wrong type or is missing, or `members` names somebody who is no user of this directory, or a group.',
    cure: 'The detail names the attribute. For members: provision the user first; assign inner groups themselves.',
  },
  too_many: { cause: 'The filter is longer than 8,192 bytes.', cure: 'Ask for less at once.' },
  invalid_cursor: {
    cause: 'The cursor was not given out for this directory, filter and order, or stands beside a `startIndex`.',
    cure: 'Begin the list with an empty `cursor`.',
  },
  expired_cursor: { cause: 'The cursor is older than 24 hours.', cure: 'Begin the list with an empty `cursor`.' },
  invalid_count: {
    cause: '`count` beside a cursor is not a number from 1 on.',
    cure: 'Send a number from 1 to 1,000.',
  },
  mutability: {
    cause:
      'A PATCH changes a readOnly attribute, removes a required one, or changes an immutable one that has a value.',
    cure: 'Leave it out: change groups at the group, ids not at all.',
  },
  unauthenticated: {
    cause: 'The token is missing, misspelt, revoked or expired, or the organization is no more.',
    cure: 'Issue a token beside the old one and enter it in the client. `WWW-Authenticate` names the scheme.',
  },
  forbidden: {
    cause: 'A discovery resource was asked with a filter, or `/Me` was to be changed.',
    cure: 'Leave the filter out; change the user in its directory.',
  },
  directory_inactive: {
    cause: 'An administrator has switched this directory off.',
    cure: 'Switch it on again, or stop the client.',
  },
  not_found: {
    cause:
      'This directory has no such resource (never had, deleted, or another directory has it), or nothing is served at the address.',
    cure: 'Look the resource up by `userName` or `externalId`; create it if it is gone. Check the base URL.',
  },
  method_not_allowed: { cause: 'The address does not take this method.', cure: '`Allow` names those it takes.' },
  request_timeout: { cause: 'The request did not come in time.', cure: 'Repeat it.' },
  uniqueness: {
    cause:
      'An active user of this directory has the `userName`, the `externalId` or the address; or a group, an agent or an application has the name.',
    cure: 'The detail names which. Match on it instead of creating, or rename one of them.',
  },
  already_member: {
    cause: 'Another member of the organization has this address.',
    cure: 'Give one of them another address; members never merge.',
  },
  last_owner: {
    cause:
      'The change would take away the last member with full control. Administration is frozen and an alert is recorded.',
    cure: 'Give somebody else full control, thaw the organization, then let the client repeat.',
  },
  seat_limit: {
    cause: 'All seats of the plan are taken.',
    cure: 'Free a seat or raise the limit; the client repeats by itself.',
  },
  adoption_needs_approval: {
    cause: 'A member has this address, and an administrator declined that the directory takes them over.',
    cure: 'Approve it under adoptions, then let the client send the user again.',
  },
  version_mismatch: {
    cause: '`If-Match` names another version than the present one.',
    cure: 'Read, change, write again.',
  },
  too_large: {
    cause: 'The body is larger than 16 MB, or a bulk request or a PATCH than its limits.',
    cure: 'Send it in parts.',
  },
  unsupported_media_type: {
    cause: 'The content type is neither `application/scim+json` nor `application/json`, or the body is compressed.',
    cure: 'Set the content type; do not compress.',
  },
  too_many_requests: {
    cause: 'The directory asks more than 5,000 times a second (`SCIM_RATE_PER_SECOND`).',
    cure: 'Wait as long as `Retry-After` says.',
  },
  header_too_large: { cause: 'Address and headers are larger than 16 KB.', cure: 'Search with `POST …/.search`.' },
  internal: { cause: 'A fault of ours.', cure: 'Ask the operator about the request id that the detail names.' },
  unavailable: { cause: 'The database does not answer.', cure: 'Repeat after `Retry-After`; nothing is half done.' },
} as const satisfies Partial<Record<ErrorCode, Note>>;

/** `| status | scimType | title | cause | cure |`, in the order of statuses. */
function errorTable(): string {
  const codes = (Object.keys(NOTES) as (keyof typeof NOTES)[]).toSorted((a, b) => ERRORS[a].status - ERRORS[b].status);
  const rows = codes.map((code) => {
    const info: { status: number; title: string; scimType?: string } = ERRORS[code];
    const { cause, cure } = NOTES[code];
    return [`${info.status}`, info.scimType ? `\`${info.scimType}\`` : '', `${info.title} (\`${code}\`)`, cause, cure];
  });
  return tableOf(['status', 'scimType', 'what', 'cause', 'cure'], rows);
}

/** One table for each published schema, and one for what every resource has. */
function attributeTables(): string {
  const types = [USER_TYPE, GROUP_TYPE, AGENT_TYPE, AGENTIC_APPLICATION_TYPE];
  const schemas = types.flatMap((type) => [type.schema, ...type.extensions]);
  const common = `#### Every resource\n\n${schemaTable(COMMON)}`;
  const others = schemas.map(
    (schema: Schema) => `#### ${schema.name}: \`${schema.id}\`\n\n${schemaTable(schema.attributes)}`,
  );
  return [common, ...others].join('\n\n');
}

function schemaTable(attributes: readonly Attribute[]): string {
  const rows = attributes.flatMap((each) => [
    rowOf(each.name, each),
    ...each.subAttributes.map((sub) => rowOf(`${each.name}.${sub.name}`, sub)),
  ]);
  return tableOf(['attribute', 'type', 'characteristics', 'meaning'], rows);
}

function rowOf(name: string, attribute: Attribute): string[] {
  const traits = [
    attribute.multiValued ? 'list' : '',
    attribute.required ? 'required' : '',
    attribute.mutability === 'readWrite' ? '' : attribute.mutability,
    attribute.caseExact && attribute.type === 'string' ? 'caseExact' : '',
    attribute.uniqueness === 'none' ? '' : 'unique in the directory',
    attribute.returned === 'default' ? '' : `returned: ${attribute.returned}`,
    attribute.canonicalValues ? `such as ${attribute.canonicalValues.join(', ')}` : '',
  ];
  return [`\`${name}\``, attribute.type, traits.filter(Boolean).join('; '), attribute.description];
}

/** By the name of their place in the document. */
export function scimTables(): Record<string, string> {
  return { attributes: attributeTables(), errors: errorTable() };
}
