// Entra without a flag: Add, Replace and Remove with a capital, one operation for each attribute, booleans as texts,
// references as lists, members removed by value.

import { expect } from 'vitest';
import {
  asksForManager,
  create,
  ENTERPRISE,
  ENTRA,
  find,
  findNobody,
  MANAGED_BY_BOSS,
  patch,
  patchGroup,
  patchUser,
  testConnection,
} from './entra-common.ts';
import { type Dialect, groupPhases, leaveAndReturn, resync } from './entra-lifecycle.ts';
import type { Replay } from './replay.ts';

const member = (name: string) => ({ $ref: null, value: `{${name}}` });

const LEGACY: Dialect = {
  addMembers: (...names) => patchGroup({ op: 'Add', path: 'members', value: names.map(member) }),
  removeMember: (name) => patchGroup({ op: 'Remove', path: 'members', value: [member(name)] }),
  setActive: (name, value) =>
    patchUser(name, [{ op: 'Replace', path: 'active', value: value ? 'True' : 'False' }], {
      id: `{${name}}`,
      active: value,
    }),
  setManager: patchUser(
    'anna',
    [{ op: 'Add', path: `${ENTERPRISE}:manager`, value: [member('boss')] }],
    MANAGED_BY_BOSS,
  ),
  renameGroup: patchGroup({ op: 'Replace', path: 'displayName', value: 'Research and Development' }),
};

const custom: Replay = {
  ...ENTRA,
  client: 'Entra, custom app, legacy',
  phases: [
    { name: 'test connection', steps: testConnection('userName') },
    {
      name: 'assign',
      steps: [
        findNobody('userName eq "anna@{domain}"'),
        create('anna', { addresses: null, title: null, department: null, manager: null }),
        findNobody('userName eq "boss@{domain}"'),
        create('boss'),
        { send: 'GET /Users/{anna}', status: 200, answer: { id: '{anna}' }, lacks: ['title', 'manager', 'addresses'] },
        asksForManager('anna', 'boss', false),
        LEGACY.setManager,
        asksForManager('anna', 'boss', true),
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update',
      steps: [
        find('userName eq "anna@{domain}"', 'anna', { externalId: 'object-anna' }),
        patchUser(
          'anna',
          [
            { op: 'Replace', path: 'displayName', value: 'Anna Married' },
            { op: 'Replace', path: 'emails[type eq "work"].value', value: 'anna.married@{domain}' },
            { op: 'Replace', path: 'name.familyName', value: 'Married' },
            { op: 'Add', path: 'nickName', value: 'Babs' },
            { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 (170) 1' },
            { op: 'Add', path: 'emails[type eq "other"].Value', value: 'anna@elsewhere.example' },
            { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'Jena' },
            { op: 'Add', path: 'addresses[type eq "work"].postalCode', value: '07743' },
            { op: 'Add', path: `${ENTERPRISE}:employeeNumber`, value: '4711' },
          ],
          {
            displayName: 'Anna Married',
            nickName: 'Babs',
            name: { givenName: 'Anna', familyName: 'Married' },
            emails: [
              { type: 'work', value: 'anna.married@{domain}', primary: true },
              { type: 'other', value: 'anna@elsewhere.example' },
            ],
            phoneNumbers: [{ type: 'mobile', value: '+49 (170) 1' }],
            addresses: [{ type: 'work', locality: 'Jena', postalCode: '07743' }],
            [ENTERPRISE]: { employeeNumber: '4711', manager: { value: '{boss}' } },
          },
        ),
        patchUser('anna', [{ op: 'Replace', path: 'userName', value: 'anna.married@{domain}' }], {
          id: '{anna}',
          userName: 'anna.married@{domain}',
        }),
        {
          send: 'PATCH /Users/{anna}',
          body: patch({ op: 'Remove', path: 'nickName' }),
          status: 200,
          lacks: ['nickName'],
        },
      ],
    },
    ...groupPhases(LEGACY),
    resync(
      LEGACY,
      'userName eq "anna.married@{domain}"',
      patchUser(
        'anna',
        [
          { op: 'Replace', path: 'externalId', value: 'object-anna' },
          { op: 'Replace', path: 'displayName', value: 'Anna Married' },
          { op: 'Replace', path: 'active', value: 'True' },
          { op: 'Replace', path: 'emails[type eq "work"].value', value: 'anna.married@{domain}' },
          { op: 'Add', path: 'emails[type eq "other"].Value', value: 'anna@elsewhere.example' },
          { op: 'Replace', path: 'name.givenName', value: 'Anna' },
          { op: 'Replace', path: 'name.familyName', value: 'Married' },
          { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 (170) 1' },
          { op: 'Replace', path: 'addresses[type eq "work"].locality', value: 'Jena' },
          { op: 'Add', path: `${ENTERPRISE}:employeeNumber`, value: '4711' },
        ],
        { id: '{anna}', active: true },
      ),
    ),
    ...leaveAndReturn(LEGACY, 'userName eq "anna@{domain}"'),
  ],
};

const gallery: Replay = {
  ...ENTRA,
  client: 'Entra, gallery app, legacy',
  phases: [
    {
      name: 'schema discovery and test connection',
      steps: [
        {
          send: 'GET /Schemas',
          status: 200,
          answer: {
            schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
            Resources: expect.arrayContaining([
              expect.objectContaining({ id: 'urn:ietf:params:scim:schemas:core:2.0:User', name: 'User' }),
              expect.objectContaining({ id: 'urn:ietf:params:scim:schemas:core:2.0:Group', name: 'Group' }),
              expect.objectContaining({ id: ENTERPRISE }),
            ]),
          },
        },
        ...testConnection('emails[type eq "work"].value'),
      ],
    },
    {
      name: 'assign',
      steps: [
        findNobody('emails[type eq "work"].value eq "anna@{domain}"'),
        create('anna', {
          roles: [{ primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Editor' }],
          preferredLanguage: 'de',
          timezone: 'Europe/Berlin',
          [ENTERPRISE]: { department: 'Research', costCenter: '4130' },
        }),
        findNobody('emails[type eq "work"].value eq "boss@{domain}"'),
        create('boss'),
        LEGACY.setManager,
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update, roles as JSON texts',
      steps: [
        find('emails[type eq "work"].value eq "anna@{domain}"', 'anna'),
        patchUser(
          'anna',
          [
            {
              op: 'Add',
              path: 'roles',
              value: [{ value: '{"id":"06b07648-ecfe-589f-9d2f-6325724a46ee","value":"Admin","displayName":"Admin"}' }],
            },
            { op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Sales' },
            { op: 'Replace', path: `${ENTERPRISE}:manager`, value: '{boss}' },
          ],
          {
            roles: [{ value: 'Editor', primary: true }, { value: 'Admin' }],
            [ENTERPRISE]: { department: 'Sales', costCenter: '4130', manager: { value: '{boss}' } },
          },
        ),
        patchUser('anna', [{ op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Reader' }], {
          roles: [{ value: 'Reader', primary: true }, { value: 'Admin' }],
        }),
      ],
    },
    ...groupPhases(LEGACY),
    resync(
      LEGACY,
      'emails[type eq "work"].value eq "anna@{domain}"',
      patchUser(
        'anna',
        [
          {
            op: 'Add',
            path: 'roles',
            value: [{ value: '{"id":"06b07648-ecfe-589f-9d2f-6325724a46ee","value":"Admin","displayName":"Admin"}' }],
          },
          { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Reader' },
          { op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Sales' },
          { op: 'Replace', path: 'preferredLanguage', value: 'de' },
          { op: 'Replace', path: 'active', value: 'True' },
        ],
        { id: '{anna}' },
      ),
    ),
    ...leaveAndReturn(LEGACY, 'emails[type eq "work"].value eq "anna@{domain}"'),
  ],
};

export const ENTRA_LEGACY: readonly Replay[] = [custom, gallery];
