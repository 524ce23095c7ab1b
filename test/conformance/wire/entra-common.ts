// What Entra's provisioning service sends in both dialects of PATCH: its questions, and its creations. After
// entra-docs, docs/identity/app-provisioning: use-scim-to-provision-users-and-groups, customize-application-attributes,
// how-provisioning-works.

import { expect } from 'vitest';
import type { Json } from '../../support/server.ts';
import type { Replay, Step } from './replay.ts';

export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const LIST = { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'] };
const NOTHING_FOUND = { ...LIST, totalResults: 0, Resources: [] };

export const ENTRA: Pick<Replay, 'profile' | 'headers' | 'space'> = {
  profile: 'entra',
  headers: { accept: 'application/scim+json', 'content-type': 'application/scim+json; charset=utf-8' },
  space: '+',
};

export const patch = (...operations: readonly Json[]): Json => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: operations,
});

/** Changes one person; the answer shows it. */
export const patchUser = (name: string, operations: readonly Json[], answer: Json): Step => ({
  send: `PATCH /Users/{${name}}`,
  body: patch(...operations),
  status: 200,
  answer,
});

/** Changes the group, which is not shown: it may be large. */
export const patchGroup = (operation: Json): Step => ({
  send: 'PATCH /Groups/{research}',
  body: patch(operation),
  status: 204,
});

export const MANAGED_BY_BOSS: Json = { [ENTERPRISE]: { manager: { value: '{boss}' } } };

/** A person of the gallery's or the custom app's default mappings. */
function newPerson(name: string, more: Json = {}): Json {
  const Name = name[0]?.toUpperCase() + name.slice(1);
  return {
    schemas: [USER, ENTERPRISE],
    externalId: `object-${name}`,
    userName: `${name}@{domain}`,
    active: true,
    displayName: `${Name} Example`,
    emails: [{ primary: true, type: 'work', value: `${name}@{domain}` }],
    meta: { resourceType: 'User' },
    name: { formatted: `${Name} Example`, familyName: 'Example', givenName: Name },
    roles: [],
    ...more,
  };
}

/** The whole person as it is made; its id is kept under `name`. */
export function create(name: string, more: Json = {}): Step {
  return {
    send: 'POST /Users',
    body: newPerson(name, more),
    status: 201,
    answer: { id: expect.any(String), userName: `${name}@{domain}`, active: true, meta: { resourceType: 'User' } },
    keep: { [name]: 'id' },
  };
}

/** Test Connection: credentials are good when a random value gives an empty list. */
export const testConnection = (attribute: string): Step[] => [
  { send: `GET /Users?filter=${attribute} eq "{guid}"`, status: 200, answer: NOTHING_FOUND },
  { send: 'GET /Users?startIndex=1&count=1', status: 200, answer: LIST },
  { send: 'GET /Groups?excludedAttributes=members&startIndex=1&count=1', status: 200, answer: LIST },
];

/** Is there already somebody with the matching attribute? */
export const findNobody = (filter: string): Step => ({
  send: `GET /Users?filter=${filter}`,
  status: 200,
  answer: NOTHING_FOUND,
});

export const find = (filter: string, name: string, more: Json = {}): Step => ({
  send: `GET /Users?filter=${filter}`,
  status: 200,
  answer: { ...LIST, totalResults: 1, Resources: [{ id: `{${name}}`, ...more }] },
});

/** A group is looked for by name, made without members, and always read without them. */
export const pushGroup: readonly Step[] = [
  {
    send: 'GET /Groups?excludedAttributes=members&filter=displayName eq "Research"',
    status: 200,
    answer: NOTHING_FOUND,
  },
  {
    send: 'POST /Groups',
    body: {
      schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: 'object-research',
      displayName: 'Research',
      meta: { resourceType: 'Group' },
    },
    status: 201,
    answer: { schemas: [GROUP], id: expect.any(String), displayName: 'Research' },
    keep: { research: 'id' },
  },
];

export const findGroup = (displayName: string): Step => ({
  send: `GET /Groups?excludedAttributes=members&filter=displayName eq "${displayName}"`,
  status: 200,
  answer: { ...LIST, totalResults: 1, Resources: [{ id: '{research}', displayName, externalId: 'object-research' }] },
});

export const getGroup = (displayName: string): Step => ({
  send: 'GET /Groups/{research}?excludedAttributes=members',
  status: 200,
  answer: { id: '{research}', displayName },
  lacks: ['members'],
});

/** Is this person a member? Asked before a change, without reading the members. */
export const asksForMember = (name: string, isMember: boolean): Step => ({
  send: `GET /Groups?filter=id eq "{research}" and members eq "{${name}}"&attributes=id`,
  status: 200,
  answer: { totalResults: isMember ? 1 : 0, Resources: isMember ? [{ id: '{research}' }] : [] },
});

export const asksForManager = (name: string, manager: string, isSet: boolean): Step => ({
  send: `GET /Users?filter=id eq "{${name}}" and manager eq "{${manager}}"&attributes=id`,
  status: 200,
  answer: { totalResults: isSet ? 1 : 0, Resources: isSet ? [{ id: `{${name}}` }] : [] },
});

/** Thirty days after a person was deleted at the source, and after a group went out of scope. */
export const deleteAll: readonly Step[] = [
  { send: 'DELETE /Users/{anna}', status: 204 },
  { send: 'GET /Users/{anna}', status: 404, answer: { status: '404' } },
  { send: 'DELETE /Groups/{research}', status: 204 },
  {
    send: 'GET /Groups/{research}?excludedAttributes=members',
    status: 404,
    answer: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '404' },
  },
];
