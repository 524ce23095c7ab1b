// Entra with aadOptscim062020 behind the tenant's address: lower case, real booleans, one value without a path for all
// single attributes (its keys dotted, or a schema's URN with the name), members removed by a filter.

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

const FLAGGED: Dialect = {
  addMembers: (...names) =>
    patchGroup({ op: 'add', path: 'members', value: names.map((name) => ({ $ref: null, value: `{${name}}` })) }),
  removeMember: (name) => patchGroup({ op: 'remove', path: `members[value eq "{${name}}"]` }),
  setActive: (name, value) =>
    patchUser(name, [{ op: 'replace', path: 'active', value }], { id: `{${name}}`, active: value }),
  setManager: patchUser('anna', [{ op: 'add', path: `${ENTERPRISE}:manager`, value: '{boss}' }], MANAGED_BY_BOSS),
  renameGroup: patchGroup({ op: 'replace', value: { displayName: 'Research and Development' } }),
};

const custom: Replay = {
  ...ENTRA,
  client: 'Entra, custom app, aadOptscim062020',
  flag: 'aadOptscim062020',
  phases: [
    // this app's matching attribute is externalId, and its values come without quotes
    { name: 'test connection', steps: testConnection('externalId') },
    {
      name: 'assign',
      steps: [
        findNobody('externalId eq object-anna'),
        create('anna', { title: null }),
        findNobody('externalId eq object-boss'),
        create('boss'),
        asksForManager('anna', 'boss', false),
        FLAGGED.setManager,
        asksForManager('anna', 'boss', true),
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update',
      steps: [
        find('externalId eq object-anna', 'anna', { userName: 'anna@{domain}' }),
        patchUser(
          'anna',
          [
            { op: 'replace', path: 'emails[type eq "work"].value', value: 'anna.married@{domain}' },
            {
              op: 'replace',
              value: {
                displayName: 'Anna Married',
                userName: 'anna.married@{domain}',
                'name.familyName': 'Married',
                [`${ENTERPRISE}:employeeNumber`]: '4711',
              },
            },
            { op: 'add', path: 'nickName', value: 'Babs' },
            { op: 'add', path: 'phoneNumbers[type eq "work"].value', value: '+49 (3641) 1' },
          ],
          {
            id: '{anna}',
            userName: 'anna.married@{domain}',
            displayName: 'Anna Married',
            nickName: 'Babs',
            name: { givenName: 'Anna', familyName: 'Married' },
            emails: [{ type: 'work', value: 'anna.married@{domain}', primary: true }],
            phoneNumbers: [{ type: 'work', value: '+49 (3641) 1' }],
            [ENTERPRISE]: { employeeNumber: '4711', manager: { value: '{boss}' } },
          },
        ),
        {
          send: 'PATCH /Users/{anna}',
          body: patch({ op: 'remove', path: 'nickName' }),
          status: 200,
          lacks: ['nickName'],
        },
      ],
    },
    ...groupPhases(FLAGGED),
    resync(
      FLAGGED,
      'externalId eq object-anna',
      patchUser(
        'anna',
        [
          { op: 'replace', path: 'emails[type eq "work"].value', value: 'anna.married@{domain}' },
          { op: 'replace', path: 'phoneNumbers[type eq "work"].value', value: '+49 (3641) 1' },
          {
            op: 'replace',
            value: {
              active: true,
              externalId: 'object-anna',
              displayName: 'Anna Married',
              userName: 'anna.married@{domain}',
              'name.givenName': 'Anna',
              'name.familyName': 'Married',
              [`${ENTERPRISE}:employeeNumber`]: '4711',
            },
          },
        ],
        { id: '{anna}', active: true },
      ),
    ),
    ...leaveAndReturn(FLAGGED, 'externalId eq object-anna'),
  ],
};

const gallery: Replay = {
  ...ENTRA,
  client: 'Entra, gallery app, aadOptscim062020',
  flag: 'aadOptscim062020',
  phases: [
    {
      name: 'schema discovery and test connection',
      steps: [{ send: 'GET /Schemas', status: 200, answer: { totalResults: 5 } }, ...testConnection('userName')],
    },
    {
      name: 'assign',
      steps: [
        findNobody('userName eq "anna@{domain}"'),
        create('anna', {
          roles: [{ primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'User', value: 'User' }],
          [ENTERPRISE]: { department: 'Research' },
        }),
        findNobody('userName eq "boss@{domain}"'),
        create('boss'),
        FLAGGED.setManager,
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update, roles replaced as a whole',
      steps: [
        find('userName eq "anna@{domain}"', 'anna'),
        patchUser(
          'anna',
          [
            {
              op: 'replace',
              path: 'roles',
              value: [
                { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Test', value: 'Test' },
                { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Audit', value: 'Audit' },
              ],
            },
            { op: 'replace', value: { [`${ENTERPRISE}:department`]: 'Sales', title: 'Lead' } },
          ],
          {
            title: 'Lead',
            roles: [{ value: 'Test' }, { value: 'Audit' }],
            [ENTERPRISE]: { department: 'Sales', manager: { value: '{boss}' } },
          },
        ),
      ],
    },
    ...groupPhases(FLAGGED),
    resync(
      FLAGGED,
      'userName eq "anna@{domain}"',
      patchUser(
        'anna',
        [
          {
            op: 'replace',
            path: 'roles',
            value: [
              { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Test', value: 'Test' },
              { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Audit', value: 'Audit' },
            ],
          },
          { op: 'replace', value: { [`${ENTERPRISE}:department`]: 'Sales', title: 'Lead', active: true } },
        ],
        { id: '{anna}' },
      ),
    ),
    ...leaveAndReturn(FLAGGED, 'userName eq "anna@{domain}"'),
  ],
};

export const ENTRA_2020: readonly Replay[] = [custom, gallery];
