// What OneLogin, Google Workspace and authentik send. OneLogin after a server's log in goauthentik/authentik#11249 (URNs
// of the drafts, a query that ends with &) and its SCIM provisioner's template; Google Workspace after
// pond/scimitar#142 (plain JSON, whatever it accepts); authentik after its provider (providers/scim/clients).

import { expect } from 'vitest';
import type { Json } from '../../support/server.ts';
import { GROUP, patch, USER } from './okta-common.ts';
import type { Replay, Step } from './replay.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const DRAFT_ENTERPRISE = 'urn:scim:schemas:extension:enterprise:2.0';

const lookUp = (userName: string, totalResults: number, end = ''): Step => ({
  send: `GET /Users?filter=userName eq "${userName}"${end}`,
  status: 200,
  answer: { totalResults },
});

const replace = (name: string, body: Json, answer: Json): Step => ({
  send: `PUT /Users/{${name}}`,
  body,
  status: 200,
  answer: { id: `{${name}}`, ...answer },
});

const oneLoginUser = (more: Json = {}): Json => ({
  schemas: ['urn:scim:schemas:core:2.0', DRAFT_ENTERPRISE],
  userName: 'olive@{domain}',
  name: { familyName: 'OneLogin', givenName: 'Olive' },
  emails: { value: 'olive@{domain}', type: 'work', primary: true },
  [DRAFT_ENTERPRISE]: { department: 'Sales' },
  ...more,
});

const changeMember = (operation: Json): Step => ({ send: 'PATCH /Groups/{team}', body: patch(operation), status: 204 });

const ONE_LOGIN: Replay = {
  client: 'OneLogin',
  profile: 'generic',
  headers: { accept: 'application/json', 'content-type': 'application/json' },
  space: '+',
  phases: [
    {
      name: 'provision',
      steps: [
        lookUp('olive@{domain}', 0, '&='),
        {
          send: 'POST /Users',
          body: oneLoginUser(),
          status: 201,
          answer: { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { department: 'Sales' } },
          keep: { olive: 'id' },
        },
        { send: 'POST /Groups', body: { displayName: 'Sales' }, status: 201, keep: { team: 'id' } },
        changeMember({ op: 'add', path: 'members', value: [{ value: '{olive}' }] }),
      ],
      statuses: { olive: 'active' },
    },
    {
      name: 'the same once more',
      writesNothing: true,
      steps: [
        lookUp('olive@{domain}', 1),
        replace('olive', oneLoginUser(), { active: true }),
        changeMember({ op: 'add', path: 'members', value: [{ value: '{olive}' }] }),
      ],
    },
    {
      name: 'suspend, restore, leave the group, delete',
      steps: [
        replace('olive', oneLoginUser({ active: false }), { active: false }),
        replace('olive', oneLoginUser({ active: true }), { active: true }),
        changeMember({ op: 'remove', path: 'members[value eq "{olive}"]' }),
        { send: 'DELETE /Users/{olive}', status: 204 },
      ],
      statuses: { olive: 'removed' },
    },
  ],
};

const googleUser = (more: Json = {}): Json => ({
  schemas: [USER, ENTERPRISE],
  userName: 'gina+test@{domain}',
  name: { familyName: 'Google', givenName: 'Gina', formatted: 'Gina Google' },
  emails: [{ value: 'gina+test@{domain}', type: 'work', primary: true }],
  [ENTERPRISE]: { manager: {} },
  active: true,
  ...more,
});

const GOOGLE: Replay = {
  client: 'Google Workspace',
  profile: 'generic',
  headers: {
    'user-agent': 'Google-Auto-Provisioning',
    accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
    'content-type': 'application/json; charset=UTF-8',
  },
  space: '%20',
  phases: [
    {
      name: 'provision and change',
      steps: [
        lookUp('gina+test@{domain}', 0),
        { send: 'POST /Users', body: googleUser(), status: 201, lacks: [ENTERPRISE], keep: { gina: 'id' } },
        lookUp('gina+test@{domain}', 1),
        replace('gina', googleUser({ title: 'Lead' }), { title: 'Lead' }),
        replace('gina', googleUser({ active: false }), { active: false, userName: 'gina+test@{domain}' }),
      ],
      statuses: { gina: 'suspended' },
    },
    { name: 'delete', steps: [{ send: 'DELETE /Users/{gina}', status: 204 }] },
  ],
};

const AUTHENTIK: Replay = {
  client: 'authentik',
  profile: 'generic',
  headers: { accept: 'application/scim+json', 'content-type': 'application/scim+json' },
  space: '%20',
  phases: [
    {
      name: 'users and groups, by differences',
      steps: [
        { send: 'GET /ServiceProviderConfig', status: 200, answer: { patch: { supported: true } } },
        {
          send: 'POST /Users',
          body: {
            schemas: [USER],
            externalId: 'ak-1',
            userName: 'aki',
            name: { formatted: 'Aki A', givenName: 'Aki', familyName: 'A' },
            photos: [],
            active: true,
            emails: [{ value: 'aki@{domain}', type: 'other', primary: true }],
          },
          status: 201,
          lacks: ['photos'],
          keep: { aki: 'id' },
        },
        {
          send: 'POST /Groups',
          body: { schemas: [GROUP], externalId: 'ak-g', displayName: 'Akis', members: [{ value: '{aki}' }] },
          status: 201,
          keep: { team: 'id' },
        },
        {
          send: 'PATCH /Groups/{team}',
          body: patch({
            op: 'replace',
            path: null,
            value: { schemas: [GROUP], id: '{team}', externalId: 'ak-g', displayName: 'Akis too' },
          }),
          status: 200,
          answer: { displayName: 'Akis too', members: [{ value: '{aki}' }] },
        },
        {
          send: 'PATCH /Groups/{team}',
          body: patch({ op: 'remove', path: 'members', value: [{ value: '{aki}', display: null, $ref: null }] }),
          status: 204,
        },
        { send: 'GET /Groups/{team}', status: 200, answer: { members: expect.toSatisfy(isEmpty) } },
      ],
      statuses: { aki: 'active' },
    },
  ],
};

function isEmpty(members: Json[]): boolean {
  return members.length === 0;
}

export const OTHER_CLIENTS: readonly Replay[] = [ONE_LOGIN, GOOGLE, AUTHENTIK];
