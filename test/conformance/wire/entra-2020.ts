// Entra with aadOptscim062020 behind the tenant's address: lower case, real booleans, one value without a path for all
// single attributes (its keys dotted, or a schema's URN with the name), members removed by a filter.

import {
  asksForManager,
  asksForMember,
  create,
  deleteAll,
  ENTERPRISE,
  ENTRA,
  find,
  findGroup,
  findNobody,
  getGroup,
  patch,
  pushGroup,
  testConnection,
} from './entra-common.ts';
import type { Phase, Replay, Step } from './replay.ts';

const addMembers = (...names: readonly string[]): Step => ({
  send: 'PATCH /Groups/{research}',
  body: patch({ op: 'add', path: 'members', value: names.map((name) => ({ $ref: null, value: `{${name}}` })) }),
  status: 204,
});

const removeMember = (name: string): Step => ({
  send: 'PATCH /Groups/{research}',
  body: patch({ op: 'remove', path: `members[value eq "{${name}}"]` }),
  status: 204,
});

const setActive = (name: string, value: boolean): Step => ({
  send: `PATCH /Users/{${name}}`,
  body: patch({ op: 'replace', path: 'active', value }),
  status: 200,
  answer: { id: `{${name}}`, active: value },
});

const setManager: Step = {
  send: 'PATCH /Users/{anna}',
  body: patch({ op: 'add', path: `${ENTERPRISE}:manager`, value: '{boss}' }),
  status: 200,
  answer: { [ENTERPRISE]: { manager: { value: '{boss}' } } },
};

const renameGroup: Step = {
  send: 'PATCH /Groups/{research}',
  body: patch({ op: 'replace', value: { displayName: 'Research and Development' } }),
  status: 204,
};

const groupPhases: readonly Phase[] = [
  {
    name: 'group push',
    steps: [
      ...pushGroup,
      getGroup('Research'),
      asksForMember('anna', false),
      addMembers('anna', 'boss'),
      asksForMember('anna', true),
    ],
  },
  { name: 'rename', steps: [findGroup('Research'), renameGroup, getGroup('Research and Development')] },
  {
    name: 'remove',
    steps: [removeMember('boss'), removeMember('boss'), asksForMember('boss', false), asksForMember('anna', true)],
  },
  {
    name: 'deactivate',
    steps: [setActive('anna', false), asksForMember('anna', true)],
    statuses: { anna: 'suspended', boss: 'active' },
  },
  {
    name: 'restore, memberships not sent again',
    steps: [setActive('anna', true), asksForMember('anna', true)],
    statuses: { anna: 'active' },
  },
];

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
        setManager,
        asksForManager('anna', 'boss', true),
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update',
      steps: [
        find('externalId eq object-anna', 'anna', { userName: 'anna@{domain}' }),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
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
          ),
          status: 200,
          answer: {
            id: '{anna}',
            userName: 'anna.married@{domain}',
            displayName: 'Anna Married',
            nickName: 'Babs',
            name: { givenName: 'Anna', familyName: 'Married' },
            emails: [{ type: 'work', value: 'anna.married@{domain}', primary: true }],
            phoneNumbers: [{ type: 'work', value: '+49 (3641) 1' }],
            [ENTERPRISE]: { employeeNumber: '4711', manager: { value: '{boss}' } },
          },
        },
        {
          send: 'PATCH /Users/{anna}',
          body: patch({ op: 'remove', path: 'nickName' }),
          status: 200,
          lacks: ['nickName'],
        },
      ],
    },
    ...groupPhases,
    {
      name: 'full re-sync with nothing changed',
      writesNothing: true,
      steps: [
        find('externalId eq object-anna', 'anna', { active: true }),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
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
          ),
          status: 200,
          answer: { id: '{anna}', active: true },
        },
        setManager,
        setActive('boss', true),
        findGroup('Research and Development'),
        renameGroup,
        addMembers('anna'),
        removeMember('boss'),
      ],
    },
    { name: 'delete', steps: deleteAll, statuses: { anna: 'removed', boss: 'active' } },
    {
      name: 're-assign: the same member comes back',
      steps: [
        findNobody('externalId eq object-anna'),
        { ...create('anna'), answer: { id: '{anna}', userName: 'anna@{domain}', active: true }, keep: {} },
        ...pushGroup,
        addMembers('anna'),
        asksForMember('anna', true),
      ],
      statuses: { anna: 'active' },
    },
  ],
};

const gallery: Replay = {
  ...ENTRA,
  client: 'Entra, gallery app, aadOptscim062020',
  flag: 'aadOptscim062020',
  phases: [
    {
      name: 'schema discovery and test connection',
      steps: [{ send: 'GET /Schemas', status: 200, answer: { totalResults: 3 } }, ...testConnection('userName')],
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
        setManager,
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update, roles replaced as a whole',
      steps: [
        find('userName eq "anna@{domain}"', 'anna'),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
            {
              op: 'replace',
              path: 'roles',
              value: [
                { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Test', value: 'Test' },
                { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Audit', value: 'Audit' },
              ],
            },
            { op: 'replace', value: { [`${ENTERPRISE}:department`]: 'Sales', title: 'Lead' } },
          ),
          status: 200,
          answer: {
            title: 'Lead',
            roles: [{ value: 'Test' }, { value: 'Audit' }],
            [ENTERPRISE]: { department: 'Sales', manager: { value: '{boss}' } },
          },
        },
      ],
    },
    ...groupPhases,
    {
      name: 'full re-sync with nothing changed',
      writesNothing: true,
      steps: [
        find('userName eq "anna@{domain}"', 'anna'),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
            {
              op: 'replace',
              path: 'roles',
              value: [
                { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Test', value: 'Test' },
                { primary: false, type: 'WindowsAzureActiveDirectoryRole', display: 'Audit', value: 'Audit' },
              ],
            },
            { op: 'replace', value: { [`${ENTERPRISE}:department`]: 'Sales', title: 'Lead', active: true } },
          ),
          status: 200,
          answer: { id: '{anna}' },
        },
        setManager,
        findGroup('Research and Development'),
        renameGroup,
        addMembers('anna'),
        removeMember('boss'),
      ],
    },
    { name: 'delete', steps: deleteAll, statuses: { anna: 'removed' } },
    {
      name: 're-assign: the same member comes back',
      steps: [
        findNobody('userName eq "anna@{domain}"'),
        { ...create('anna'), answer: { id: '{anna}', active: true }, keep: {} },
      ],
      statuses: { anna: 'active' },
    },
  ],
};

export const ENTRA_2020: readonly Replay[] = [custom, gallery];
