// What the invitation's mail says and how it escapes. Pure.
import { expect, test } from 'vitest';
import type { Invitation } from '../../src/invitations/invitation.ts';
import { maskAddress, parseAddress } from '../../src/invitations/invitation.ts';
import { invitationMail } from '../../src/mail/invitation-mail.ts';

const LINK = 'https://bridge.test/invitations/AbC_-1';

const invitation: Invitation = {
  id: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11',
  orgId: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b12',
  organizationName: 'Acme & <Sons>',
  memberId: '0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b13',
  address: 'ada@elsewhere.test',
  role: { key: 'manager', displayName: 'Manager' },
  teams: [
    { id: '1', key: 'research', displayName: 'Research' },
    { id: '2', key: 'rockets', displayName: 'Rockets "R"' },
  ],
  message: 'Hello <b>Ada</b>,\nsee you "soon" & well.',
  state: 'pending',
  inviter: { kind: 'person', id: 'p', name: 'Grace\r\nBcc: x@y.test Hopper' },
  sentCount: 1,
  lastSentAt: undefined,
  delivery: 'queued',
  deliveryError: undefined,
  expiresAt: new Date('2026-11-28T09:30:00Z'),
  acceptedAt: undefined,
  createdAt: new Date('2026-11-21T09:30:00Z'),
};

test('text and HTML name organization, inviter, role, teams, message, link and expiry', () => {
  const mail = invitationMail(invitation, LINK);
  const parts = ['Manager', 'Research', '28 November 2026', '09:30 UTC', LINK, 'ada@elsewhere.test'];
  for (const part of parts) {
    expect(mail.text).toContain(part);
    expect(mail.html).toContain(part);
  }
  expect(mail.text).toContain('Acme & <Sons>');
  expect(mail.text).toContain('> Hello <b>Ada</b>,\n> see you "soon" & well.');
  expect(mail.text).toContain('Rockets "R"');
  expect(mail.html).toContain('Accept the invitation</a>');
});

test('everything that somebody typed is escaped in HTML and stays on one line in the subject', () => {
  const mail = invitationMail(invitation, LINK);
  expect(mail.html).toContain('Hello &lt;b&gt;Ada&lt;/b&gt;,<br>see you &quot;soon&quot; &amp; well.');
  expect(mail.html).toContain('Acme &amp; &lt;Sons&gt;');
  expect(mail.html).not.toMatch(/<b>|<Sons>|<script|<img|<style|<link/);
  expect(mail.subject).toBe('Grace Bcc: x@y.test Hopper invites you to Acme & <Sons>');
});

test('without inviter, teams and message the mail says none of them', () => {
  const bare = {
    ...invitation,
    organizationName: 'Acme',
    inviter: { kind: 'api_key', id: 'k' },
    teams: [],
    message: undefined,
  } as const;
  const mail = invitationMail(bare, LINK);
  expect(mail.subject).toBe('You are invited to Acme');
  expect(mail.text).toContain('The team of Acme invites you to join Acme.');
  expect(mail.text).not.toContain('Your team');
  expect(`${mail.text}${mail.html}`).not.toContain('undefined');
});

test.each([
  ['  Ada@Elsewhere.TEST ', 'Ada@Elsewhere.TEST'],
  ["o'brien+tag@mail.example.co.uk", "o'brien+tag@mail.example.co.uk"],
  ['jo\u0308rg@münchen.test', 'jörg@münchen.test'],
])('the address %s is taken', (text, address) => {
  expect(parseAddress(text)).toBe(address);
});

test.each([
  '',
  '@b.test',
  'a@',
  'a b@c.test',
  '.a@b.test',
  'a..b@c.test',
  'a@-b.test',
  'a@b..test',
  `${'a'.repeat(65)}@b.test`,
  'a@b.test\r\nx',
  '"a b"@c.test',
  'a@[127.0.0.1]',
])('the address %j is refused', (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'invalid_value' }));
});

test('a masked address keeps its owner and nobody else in the picture', () => {
  expect(maskAddress('ada.lovelace@elsewhere.test')).toBe('a•••@e•••.test');
});
