// Okta's "SCIM 2.0 SPEC Test", which it has every integration run before it is published: what it sends and asserts.

import { expect } from 'vitest';
import { OKTA, USER } from './okta-common.ts';
import type { Replay } from './replay.ts';

const PERSON = {
  schemas: [USER],
  userName: 'random@{domain}',
  name: { givenName: 'Random', familyName: 'Person' },
  emails: [{ primary: true, value: 'random@{domain}', type: 'work' }],
  displayName: 'Random Person',
  active: true,
};
const SHOWN = {
  id: expect.any(String),
  userName: expect.any(String),
  active: true,
  name: { familyName: expect.any(String), givenName: expect.any(String) },
  emails: [{ value: expect.any(String) }],
};
const LIST = { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'] };
const plainJson = { 'content-type': 'application/json', accept: 'application/scim+json; charset=utf-8' };

export const OKTA_SPEC: Replay = {
  ...OKTA,
  client: "Okta's SPEC test",
  headers: { ...OKTA.headers, 'user-agent': 'OKTA SCIM Integration' },
  phases: [
    {
      name: 'somebody is there already',
      steps: [
        {
          send: 'POST /Users',
          body: { ...PERSON, userName: 'there@{domain}', emails: [{ value: 'there@{domain}' }] },
          status: 201,
        },
      ],
    },
    {
      name: 'required tests',
      steps: [
        {
          send: 'GET /Users?count=1&startIndex=1',
          status: 200,
          answer: { ...LIST, totalResults: 1, startIndex: 1, itemsPerPage: 1, Resources: [SHOWN] },
        },
        {
          send: 'GET /Users?filter=userName eq "there@{domain}"',
          status: 200,
          answer: { Resources: [{ userName: 'there@{domain}' }] },
        },
        { send: 'GET /Users?filter=userName eq "nobody@{domain}"', status: 200, answer: { ...LIST, totalResults: 0 } },
        {
          send: 'GET /Users/010101001010101011001010101011',
          status: 404,
          answer: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], detail: expect.stringMatching(/./) },
        },
        { send: 'GET /Users?filter=userName eq "random@{domain}"', status: 200, answer: { ...LIST, totalResults: 0 } },
        {
          send: 'POST /Users',
          headers: plainJson,
          body: PERSON,
          status: 201,
          answer: { ...PERSON, id: expect.any(String) },
          keep: { random: 'id' },
        },
        { send: 'GET /Users/{random}', status: 200, answer: PERSON },
        { send: 'POST /Users', headers: plainJson, body: PERSON, status: 409 },
        {
          send: 'GET /Users?filter=userName eq "RANDOM@{domain}"',
          status: 200,
          answer: { totalResults: 1, Resources: [{ id: '{random}' }] },
        },
        { send: 'GET /Groups', status: 200, answer: { ...LIST, totalResults: 0 } },
      ],
    },
  ],
};
