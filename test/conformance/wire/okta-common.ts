// What Okta's SCIM client sends for OIN and AIW apps alike. After Okta's SCIM 2.0 reference (okta-developer-docs,
// docs/reference/scim/scim-20) and its steps for testing an integration.

import { expect } from 'vitest';
import type { Json } from '../../support/server.ts';
import type { Replay, Step } from './replay.ts';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const LIST = { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'] };

export const OKTA: Pick<Replay, 'profile' | 'headers' | 'space'> = {
  profile: 'okta',
  headers: {
    'user-agent': 'Okta SCIM Client 1.0.0',
    accept: 'application/scim+json',
    'accept-charset': 'utf-8',
    'content-type': 'application/scim+json; charset=utf-8',
  },
  space: '%20',
};

export const patch = (...operations: readonly Json[]): Json => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: operations,
});

/** A person's whole profile; the password is a placeholder that comes even where passwords are not synchronized. */
export function profileOf(name: string, more: Json = {}): Json {
  const Name = name[0]?.toUpperCase() + name.slice(1);
  return {
    schemas: [USER],
    userName: `${name}@{domain}`,
    name: { givenName: Name, familyName: 'Okta' },
    emails: [{ primary: true, value: `${name}@{domain}`, type: 'work' }],
    displayName: `${Name} Okta`,
    locale: 'en-US',
    externalId: `00u${name}`,
    groups: [],
    password: '1mz050nq',
    active: true,
    ...more,
  };
}

export const findNobody = (name: string): Step => ({
  send: `GET /Users?filter=userName eq "${name}@{domain}"&startIndex=1&count=100`,
  status: 200,
  answer: { ...LIST, totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] },
});

export const find = (name: string, more: Json = {}): Step => ({
  send: `GET /Users?filter=userName eq "${name}@{domain}"&startIndex=1&count=100`,
  status: 200,
  answer: { ...LIST, totalResults: 1, startIndex: 1, itemsPerPage: 1, Resources: [{ id: `{${name}}`, ...more }] },
});

export function create(name: string): Step {
  const { password: _, groups: _none, ...kept } = profileOf(name);
  return {
    send: 'POST /Users',
    body: profileOf(name),
    status: 201,
    // an empty body would be "Create new user returned empty user"
    answer: { ...kept, id: expect.any(String) },
    lacks: ['password'],
    keep: { [name]: 'id' },
  };
}

export const get = (name: string, more: Json = {}): Step => ({
  send: `GET /Users/{${name}}`,
  status: 200,
  answer: { id: `{${name}}`, ...more },
});

/** The credentials' test, and the import of what is there. */
export const importAll = (users: number, groups: number): Step[] => [
  { send: 'GET /Users?startIndex=1&count=2', status: 200, answer: { ...LIST, totalResults: users, startIndex: 1 } },
  { send: 'GET /Users?startIndex=1&count=100', status: 200, answer: { totalResults: users, itemsPerPage: users } },
  { send: 'GET /Groups?startIndex=1&count=100', status: 200, answer: { totalResults: groups, itemsPerPage: groups } },
];

export const findNoGroup = (displayName: string): Step => ({
  send: `GET /Groups?filter=displayName eq "${displayName}"&startIndex=1&count=100`,
  status: 200,
  answer: { totalResults: 0, Resources: [] },
});

export const getGroup = (displayName: string, ...members: readonly string[]): Step => ({
  send: 'GET /Groups/{team}',
  status: 200,
  answer: {
    id: '{team}',
    displayName,
    members: expect.toSatisfy(
      (found: Json[]) => found.length === members.length && found.every(({ type }) => type === 'User'),
    ),
  },
});

export const member = (name: string): Json => ({ value: `{${name}}`, display: `${name}@{domain}` });

/** "Unlink pushed group", with the group deleted in the app. */
export const deleteGroup: readonly Step[] = [
  { send: 'DELETE /Groups/{team}', status: 204 },
  { send: 'GET /Groups/{team}', status: 404, answer: { status: '404' } },
];
