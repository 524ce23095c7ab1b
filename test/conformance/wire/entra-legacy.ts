// Entra without a flag: Add, Replace and Remove with a capital, one operation for each attribute, booleans as texts,
// references as lists, members removed by value.

import { expect } from 'vitest';
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

const member = (name: string) => ({ $ref: null, value: `{${name}}` });

const addMembers = (...names: readonly string[]): Step => ({
  send: 'PATCH /Groups/{research}',
  body: patch({ op: 'Add', path: 'members', value: names.map(member) }),
  status: 204,
});

const removeMember = (name: string): Step => ({
  send: 'PATCH /Groups/{research}',
  body: patch({ op: 'Remove', path: 'members', value: [member(name)] }),
  status: 204,
});

const setActive = (name: string, value: 'True' | 'False'): Step => ({
  send: `PATCH /Users/{${name}}`,
  body: patch({ op: 'Replace', path: 'active', value }),
  status: 200,
  answer: { id: `{${name}}`, active: value === 'True' },
});

const setManager: Step = {
  send: 'PATCH /Users/{anna}',
  body: patch({ op: 'Add', path: `${ENTERPRISE}:manager`, value: [{ $ref: null, value: '{boss}' }] }),
  status: 200,
  answer: { [ENTERPRISE]: { manager: { value: '{boss}' } } },
};

const renameGroup: Step = {
  send: 'PATCH /Groups/{research}',
  body: patch({ op: 'Replace', path: 'displayName', value: 'Research and Development' }),
  status: 204,
};

/** Group push to deletion: the same for every app. */
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
    steps: [setActive('anna', 'False'), asksForMember('anna', true)],
    statuses: { anna: 'suspended', boss: 'active' },
  },
  {
    name: 'restore, memberships not sent again',
    steps: [setActive('anna', 'True'), asksForMember('anna', true)],
    statuses: { anna: 'active' },
  },
];

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
        setManager,
        asksForManager('anna', 'boss', true),
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update',
      steps: [
        find('userName eq "anna@{domain}"', 'anna', { externalId: 'object-anna' }),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
            { op: 'Replace', path: 'displayName', value: 'Anna Married' },
            { op: 'Replace', path: 'emails[type eq "work"].value', value: 'anna.married@{domain}' },
            { op: 'Replace', path: 'name.familyName', value: 'Married' },
            { op: 'Add', path: 'nickName', value: 'Babs' },
            { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 (170) 1' },
            { op: 'Add', path: 'emails[type eq "other"].Value', value: 'anna@elsewhere.example' },
            { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'Jena' },
            { op: 'Add', path: 'addresses[type eq "work"].postalCode', value: '07743' },
            { op: 'Add', path: `${ENTERPRISE}:employeeNumber`, value: '4711' },
          ),
          status: 200,
          answer: {
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
        },
        {
          send: 'PATCH /Users/{anna}',
          body: patch({ op: 'Replace', path: 'userName', value: 'anna.married@{domain}' }),
          status: 200,
          answer: { id: '{anna}', userName: 'anna.married@{domain}' },
        },
        {
          send: 'PATCH /Users/{anna}',
          body: patch({ op: 'Remove', path: 'nickName' }),
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
        find('userName eq "anna.married@{domain}"', 'anna', { active: true }),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
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
          ),
          status: 200,
          answer: { id: '{anna}', active: true },
        },
        setManager,
        setActive('boss', 'True'),
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
        findNobody('userName eq "anna@{domain}"'),
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
        setManager,
      ],
      statuses: { anna: 'active', boss: 'active' },
    },
    {
      name: 'update, roles as JSON texts',
      steps: [
        find('emails[type eq "work"].value eq "anna@{domain}"', 'anna'),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
            {
              op: 'Add',
              path: 'roles',
              value: [{ value: '{"id":"06b07648-ecfe-589f-9d2f-6325724a46ee","value":"Admin","displayName":"Admin"}' }],
            },
            { op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Sales' },
            { op: 'Replace', path: `${ENTERPRISE}:manager`, value: '{boss}' },
          ),
          status: 200,
          answer: {
            roles: [{ value: 'Editor', primary: true }, { value: 'Admin' }],
            [ENTERPRISE]: { department: 'Sales', costCenter: '4130', manager: { value: '{boss}' } },
          },
        },
        {
          send: 'PATCH /Users/{anna}',
          body: patch({ op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Reader' }),
          status: 200,
          answer: { roles: [{ value: 'Reader', primary: true }, { value: 'Admin' }] },
        },
      ],
    },
    ...groupPhases,
    {
      name: 'full re-sync with nothing changed',
      writesNothing: true,
      steps: [
        find('emails[type eq "work"].value eq "anna@{domain}"', 'anna'),
        {
          send: 'PATCH /Users/{anna}',
          body: patch(
            {
              op: 'Add',
              path: 'roles',
              value: [{ value: '{"id":"06b07648-ecfe-589f-9d2f-6325724a46ee","value":"Admin","displayName":"Admin"}' }],
            },
            { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Reader' },
            { op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Sales' },
            { op: 'Replace', path: 'preferredLanguage', value: 'de' },
            { op: 'Replace', path: 'active', value: 'True' },
          ),
          status: 200,
          answer: { id: '{anna}' },
        },
        setManager,
        findGroup('Research and Development'),
        addMembers('anna'),
        removeMember('boss'),
      ],
    },
    { name: 'delete', steps: deleteAll, statuses: { anna: 'removed' } },
    {
      name: 're-assign: the same member comes back',
      steps: [
        findNobody('emails[type eq "work"].value eq "anna@{domain}"'),
        { ...create('anna'), answer: { id: '{anna}', active: true }, keep: {} },
      ],
      statuses: { anna: 'active' },
    },
  ],
};

export const ENTRA_LEGACY: readonly Replay[] = [custom, gallery];
