// A custom app of Okta's App Integration Wizard: PUT for everything, activation and groups included.

import type { Json } from '../../support/server.ts';
import {
  create,
  deleteGroup,
  find,
  findNobody,
  findNoGroup,
  GROUP,
  get,
  getGroup,
  importAll,
  member,
  OKTA,
  profileOf,
} from './okta-common.ts';
import type { Replay, Step } from './replay.ts';

const put = (name: string, more: Json, answer: Json = more): Step => ({
  send: `PUT /Users/{${name}}`,
  body: { ...profileOf(name), id: `{${name}}`, ...more },
  status: 200,
  answer: { id: `{${name}}`, ...answer },
  lacks: ['password'],
});

const putGroup = (displayName: string, ...names: readonly string[]): Step => ({
  send: 'PUT /Groups/{team}',
  body: { schemas: [GROUP], id: '{team}', displayName, members: names.map(member) },
  status: 200,
  answer: { id: '{team}', displayName },
});

const MARRIED = { name: { givenName: 'Otto', familyName: 'Married' }, displayName: 'Otto Married' };

export const OKTA_AIW: Replay = {
  ...OKTA,
  client: 'Okta, AIW app',
  phases: [
    { name: 'test credentials, import', steps: importAll(0, 0) },
    {
      name: 'assign',
      steps: [findNobody('otto'), create('otto'), findNobody('olga'), create('olga'), get('otto')],
      statuses: { otto: 'active', olga: 'active' },
    },
    {
      name: 'update, and another userName',
      steps: [
        get('otto'),
        { send: 'PUT /Users/{otto}', overLastAnswer: true, body: MARRIED, status: 200, answer: MARRIED },
        put('otto', { ...MARRIED, userName: 'otto.married@{domain}' }),
        put('otto', MARRIED),
      ],
    },
    {
      name: 'group push, with members at once',
      steps: [
        findNoGroup('Sales'),
        {
          send: 'POST /Groups',
          body: { schemas: [GROUP], displayName: 'Sales', members: [member('otto')] },
          status: 201,
          answer: { displayName: 'Sales', members: [{ value: '{otto}' }] },
          keep: { team: 'id' },
        },
        putGroup('Sales', 'otto', 'olga'),
        getGroup('Sales', 'otto', 'olga'),
        get('olga', { groups: [{ value: '{team}', display: 'Sales' }] }),
      ],
    },
    { name: 'rename', steps: [putGroup('Sellers', 'otto', 'olga'), getGroup('Sellers', 'otto', 'olga')] },
    {
      name: 'remove',
      steps: [putGroup('Sellers', 'otto'), getGroup('Sellers', 'otto'), { ...get('olga'), lacks: ['groups'] }],
    },
    {
      name: 'deactivate',
      steps: [put('otto', { ...MARRIED, active: false }), find('otto', { active: false })],
      statuses: { otto: 'suspended', olga: 'active' },
    },
    {
      name: 'restore',
      steps: [find('otto', { active: false }), put('otto', MARRIED, { active: true }), getGroup('Sellers', 'otto')],
      statuses: { otto: 'active' },
    },
    {
      name: 'full re-sync with nothing changed',
      writesNothing: true,
      steps: [
        ...importAll(2, 1),
        get('otto'),
        { send: 'PUT /Users/{otto}', overLastAnswer: true, body: {}, status: 200, answer: { id: '{otto}' } },
        put('otto', MARRIED),
        put('olga', {}),
        putGroup('Sellers', 'otto'),
      ],
    },
    {
      name: 'delete: the group goes, a deleted person is only deactivated',
      steps: [...deleteGroup, put('otto', { ...MARRIED, active: false })],
      statuses: { otto: 'suspended' },
    },
    {
      name: 're-assign',
      steps: [find('otto', { active: false }), put('otto', MARRIED, { active: true })],
      statuses: { otto: 'active' },
    },
  ],
};
