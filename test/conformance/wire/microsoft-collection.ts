// What Microsoft's test collection for SCIM servers (the Postman collection of its reference code) sends that neither the
// documents nor the service itself do: names in other cases, values without quotes, filters among the attributes, typing
// errors. Left out is what this server refuses on purpose: members that nobody knows, two people with one address.

import { expect } from 'vitest';
import { ENTERPRISE, ENTRA, GROUP, patch, USER } from './entra-common.ts';
import type { Replay, Step } from './replay.ts';

const person = (userName: string, familyName: string): Step => ({
  send: 'POST /Users',
  body: {
    userName,
    active: 'True',
    addresses: [
      { country: 'Bermuda', locality: 'West Mercedes', type: 'work', primary: false },
      { country: null, formatted: '18522 Lisa Unions', locality: null, type: 'other', primary: false },
    ],
    displayName: userName,
    emails: [
      { Primary: true, type: 'work', value: `${userName}@{domain}` },
      { Primary: false, type: 'home', value: `${userName}@home.example` },
    ],
    meta: { created: '2019-08-02T00:50:43.0000000+00:00', lastModified: null, resourceType: 'User' },
    name: { formatted: userName, familyName, givenName: 'Darl', honorificPrefix: null },
    phoneNumbers: [{ type: 'work', value: '+1 (555) 1' }],
    preferredLanguage: 'xh',
    roles: [],
    title: 'Site engineer',
    externalId: `external-${userName}`,
    schemas: [ENTERPRISE, USER],
    [ENTERPRISE]: { department: 'bob', manager: { Value: 'SuzzyQ' } },
  },
  status: 201,
  answer: { userName, active: true, emails: [{ primary: true }, { primary: false }] },
  keep: { [userName]: 'id' },
});

const finds = (filter: string, totalResults: number): Step => ({
  send: `GET /Users?filter=${filter}`,
  status: 200,
  answer: { totalResults },
});

export const MICROSOFT_COLLECTION: Replay = {
  ...ENTRA,
  client: "Microsoft's test collection",
  phases: [
    {
      name: 'end points',
      steps: [
        { send: 'GET /Users', status: 200 },
        { send: 'GET /Groups', status: 200 },
        {
          send: 'GET /ResourceTypes',
          status: 200,
          answer: {
            Resources: [
              { endpoint: '/Users' },
              { endpoint: '/Groups' },
              { endpoint: '/Agents' },
              { endpoint: '/AgenticApplications' },
            ],
          },
        },
        { send: 'GET /ServiceProviderConfig', status: 200, answer: { patch: { supported: true } } },
        {
          send: 'GET /Schemas',
          status: 200,
          answer: { Resources: expect.arrayContaining([expect.objectContaining({ description: 'User Account' })]) },
        },
      ],
    },
    {
      name: 'users',
      steps: [
        person('OMalley', 'OMalley'),
        person('emp1', 'Employee'),
        person('emp2', 'Employee'),
        {
          send: 'GET /Users?attributes=userName,emails',
          status: 200,
          answer: { totalResults: 3, Resources: expect.any(Array) },
        },
        finds('DisplayName eq "emp1"', 1),
        finds('userName sw O', 1),
        finds('name.FamilyName eq Employee and (emails.Value co home.example or emails.Value co example.org)', 2),
        finds('meta.Created gt 2015-10-10T14:38:21.8617979-07:00', 3),
        {
          send: 'GET /Users?startIndex=1&count=2',
          status: 200,
          answer: { totalResults: 3, itemsPerPage: 2 },
        },
        {
          send: 'GET /Users?filter=userName eq emp1&attributes=emails[type eq "work"]',
          status: 200,
          answer: { Resources: [{ emails: expect.arrayContaining([expect.objectContaining({ type: 'work' })]) }] },
        },
        { send: 'POST /Users', body: { schemas: [USER], active: true, title: 'nobody' }, status: 400 },
        {
          send: 'PUT /Users/{OMalley}',
          body: { schemas: [USER], id: '{OMalley}', userame: 'OMalley', active: false },
          status: 400,
        },
        {
          send: 'PUT /Users/{OMalley}',
          body: {
            schemas: [USER],
            id: '{OMalley}',
            userName: 'OMalley',
            active: false,
            adreses: [{ country: 'Nowhere' }],
          },
          status: 200,
          answer: { userName: 'OMalley', active: false },
          lacks: ['addresses', 'adreses'],
        },
        {
          send: 'PATCH /Users/{OMalley}',
          body: patch({ op: 'Replace', path: 'userName', value: 'newusername' }),
          status: 200,
          answer: { userName: 'newusername' },
        },
      ],
    },
    {
      name: 'groups',
      steps: [
        {
          send: 'POST /Groups',
          body: { displayName: 'Group 1', externalId: 'external-group', schemas: [GROUP] },
          status: 201,
          keep: { group: 'id' },
        },
        {
          send: 'PATCH /Groups/{group}',
          body: {
            id: '{group}',
            ...patch({ name: 'addMember', op: 'add', path: 'members', value: [{ displayName: 'x', value: '{emp1}' }] }),
          },
          status: 204,
        },
        {
          send: 'PATCH /Groups/{group}',
          body: { id: '{group}', ...patch({ op: 'add', path: 'members', value: '{emp2}' }) },
          status: 204,
        },
        {
          send: 'GET /Groups/{group}',
          status: 200,
          answer: { id: '{group}', members: expect.toSatisfy((members: unknown[]) => members.length === 2) },
        },
        { send: 'PATCH /Groups/{group}', body: patch({ op: 'remove', path: 'members' }), status: 204 },
        { send: 'GET /Groups/{group}', status: 200, answer: { members: [] } },
        {
          send: 'PUT /Groups/{group}',
          body: { id: '{group}', displayName: 'Tiffany Ortiz', externalId: 'external-other', schemas: [GROUP] },
          status: 200,
          answer: { displayName: 'Tiffany Ortiz', externalId: 'external-other' },
        },
      ],
    },
    {
      name: 'tear-down',
      steps: [
        { send: 'DELETE /Users/{OMalley}', status: 204 },
        { send: 'DELETE /Users/{emp1}', status: 204 },
        { send: 'DELETE /Users/{emp2}', status: 204 },
        { send: 'DELETE /Groups/{group}', status: 204 },
        { send: 'GET /Users?attributes=userName', status: 200, answer: { Resources: [] } },
        { send: 'GET /Groups', status: 200, answer: { Resources: [] } },
      ],
    },
  ],
};
