// An app of Okta's Integration Network: PUT for the profile, PATCH for active and password, PATCH for groups.

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
  patch,
  profileOf,
} from './okta-common.ts';
import type { Replay, Step } from './replay.ts';

const setActive = (name: string, active: boolean): Step => ({
  send: `PATCH /Users/{${name}}`,
  body: patch({ op: 'replace', value: { active } }),
  status: 200,
  answer: { id: `{${name}}`, active },
});

/** The name is sent with every change of members. */
const nameGroup = (displayName: string): Step => ({
  send: 'PATCH /Groups/{team}',
  body: patch({ op: 'replace', value: { id: '{team}', displayName } }),
  status: 204,
});

const pushMembers = (...names: readonly string[]): Step => ({
  send: 'PATCH /Groups/{team}',
  body: patch({ op: 'replace', path: 'members', value: names.map(member) }),
  status: 204,
});

export const OKTA_OIN: Replay = {
  ...OKTA,
  client: 'Okta, OIN app',
  phases: [
    { name: 'test credentials, import', steps: importAll(0, 0) },
    {
      name: 'assign',
      steps: [
        findNobody('otto'),
        create('otto'),
        findNobody('olga'),
        create('olga'),
        {
          send: 'POST /Users',
          body: profileOf('otto'),
          status: 409,
          answer: { scimType: 'uniqueness', status: '409' },
        },
      ],
      statuses: { otto: 'active', olga: 'active' },
    },
    {
      name: 'update',
      steps: [
        get('otto', { active: true }),
        {
          send: 'PUT /Users/{otto}',
          overLastAnswer: true,
          body: {
            name: { givenName: 'Otto', middleName: 'Excited', familyName: 'Other' },
            emails: [{ primary: true, value: 'otto@{domain}', type: 'work', display: 'otto@{domain}' }],
            title: 'Engineer',
          },
          status: 200,
          answer: {
            id: '{otto}',
            name: { middleName: 'Excited', familyName: 'Other' },
            title: 'Engineer',
            active: true,
          },
        },
        {
          send: 'PATCH /Users/{otto}',
          body: patch({ op: 'replace', value: { password: 't1meMa$heen' } }),
          status: 200,
          answer: { id: '{otto}' },
          lacks: ['password'],
        },
      ],
    },
    {
      name: 'group push',
      steps: [
        findNoGroup('Sales'),
        {
          send: 'POST /Groups',
          body: { schemas: [GROUP], displayName: 'Sales', members: [] },
          status: 201,
          answer: { schemas: [GROUP], displayName: 'Sales', members: [] },
          keep: { team: 'id' },
        },
        nameGroup('Sales'),
        pushMembers('otto', 'olga'),
        getGroup('Sales', 'otto', 'olga'),
      ],
    },
    { name: 'rename', steps: [nameGroup('Sellers'), getGroup('Sellers', 'otto', 'olga')] },
    {
      name: 'remove, and add in the same request',
      steps: [
        nameGroup('Sellers'),
        {
          send: 'PATCH /Groups/{team}',
          body: patch({ op: 'remove', path: 'members[value eq "{otto}"]' }),
          status: 204,
        },
        getGroup('Sellers', 'olga'),
        {
          send: 'PATCH /Groups/{team}',
          body: patch(
            { op: 'remove', path: 'members[value eq "{olga}"]' },
            { op: 'add', path: 'members', value: [member('otto')] },
          ),
          status: 204,
        },
        getGroup('Sellers', 'otto'),
      ],
    },
    {
      name: 'deactivate',
      steps: [setActive('otto', false), find('otto', { active: false })],
      statuses: { otto: 'suspended', olga: 'active' },
    },
    {
      name: 'restore',
      steps: [find('otto', { active: false }), setActive('otto', true), getGroup('Sellers', 'otto')],
      statuses: { otto: 'active' },
    },
    {
      name: 'full re-sync with nothing changed',
      writesNothing: true,
      steps: [
        ...importAll(2, 1),
        get('otto'),
        { send: 'PUT /Users/{otto}', overLastAnswer: true, body: {}, status: 200, answer: { id: '{otto}' } },
        {
          send: 'PUT /Users/{olga}',
          body: { ...profileOf('olga'), id: '{olga}' },
          status: 200,
          answer: { id: '{olga}', active: true },
        },
        setActive('otto', true),
        nameGroup('Sellers'),
        pushMembers('otto'),
      ],
    },
    {
      name: 'delete: the group goes, a deleted person is only deactivated',
      steps: [...deleteGroup, setActive('otto', false)],
      statuses: { otto: 'suspended' },
    },
    {
      name: 're-assign: found and activated, or posted again',
      steps: [
        find('otto', { active: false }),
        { ...create('otto'), status: 200, answer: { id: '{otto}', active: true }, keep: {} },
        setActive('otto', true),
        setActive('otto', false),
        setActive('otto', true),
      ],
      statuses: { otto: 'active' },
    },
  ],
};
