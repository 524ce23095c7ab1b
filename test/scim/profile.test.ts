// Which vendor's rules a directory has: chosen by an administrator, else given away by what it sends, else none's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { Json } from '../support/server.ts';
import { GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

let s: ScimSetup;
beforeAll(async () => {
  s = await setupScim();
});
afterAll(() => s[Symbol.asyncDispose]());

/** A directory for which nobody chose a profile. */
async function unchosen(): Promise<TestDirectory> {
  const d = await s.directory();
  await rest(d, 'PATCH', { profile: null });
  return d;
}

const rest = async (d: TestDirectory, method: string, body?: unknown): Promise<Json> =>
  (await s.t.call(method, `/v1/organizations/${d.org.id}/directories/${d.id}`, { key: d.org.ownerKey, body })).body;

const detected = (d: TestDirectory): Promise<Json> =>
  eventually(async () => {
    const directory = await rest(d, 'GET');
    return directory.detectedProfile === null ? undefined : directory;
  });

const ENTRA_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

describe('is detected', () => {
  test.each<[string, string, (d: TestDirectory) => Promise<unknown>]>([
    [
      'okta',
      'its User-Agent',
      (d) => d.call('GET', '/Users', undefined, { headers: { 'user-agent': 'Okta SCIM Client 1.0.0' } }),
    ],
    [
      'entra',
      'the flag of its tenant address',
      (d) => d.call('GET', '/Users?aadOptscim062020&filter=userName%20eq%20%22x%22'),
    ],
    [
      'entra',
      'the schema it adds to groups',
      (d) => d.call('POST', '/Groups', { schemas: [GROUP, ENTRA_GROUP], displayName: 'g' }),
    ],
    [
      'entra',
      'operations with a capital',
      async (d) => d.patch(`/Users/${(await d.user('x')).id}`, { op: 'Replace', path: 'active', value: 'True' }),
    ],
    [
      'okta',
      'the id in the value of a renamed group',
      async (d) => {
        const { id } = await d.group('before');
        return d.patch(`/Groups/${id}`, { op: 'replace', value: { id, displayName: 'after' } });
      },
    ],
  ])('as %s by %s', async (profile, _sign, send) => {
    const d = await unchosen();
    await send(d);
    expect(await detected(d)).toMatchObject({ profile, chosenProfile: null, detectedProfile: profile });
  });

  test('once: what comes later changes nothing, and one event tells of it', async () => {
    const d = await unchosen();
    await d.call('GET', '/Users?aadOptscim062020');
    await detected(d);
    await d.call('GET', '/Users', undefined, { headers: { 'user-agent': 'Okta SCIM Client 1.0.0' } });
    await s.scim.close();
    expect((await rest(d, 'GET')).detectedProfile).toBe('entra');
    const text = `select data from audit_event where subject_id = $1 and action = 'directory.profile_detected'`;
    expect(await s.sql(text, [d.id])).toEqual([{ data: { profile: 'entra' } }]);
  });

  test('not by what every client sends', async () => {
    const d = await unchosen();
    const { id } = await d.user('plain', { schemas: [USER], name: { givenName: 'P' } });
    await d.patch(
      `/Users/${id}`,
      { op: 'replace', path: 'displayName', value: 'P' },
      { op: 'add', value: { title: 't' } },
    );
    await d.call('GET', '/Users?filter=userName%20eq%20%22plain%22&startIndex=1&count=100');
    await s.scim.close();
    expect(await rest(d, 'GET')).toMatchObject({ profile: 'generic', detectedProfile: null });
  });
});

describe('in force', () => {
  // what a profile changes: a removal that finds nothing (RFC 7644 section 3.5.2.2 against Entra's repeated ones)
  const removesNothing = async (d: TestDirectory, userId: string) =>
    (
      await d.call('PATCH', `/Users/${userId}`, {
        schemas: [PATCH],
        Operations: [{ op: 'remove', path: 'emails[type eq "home"]' }],
      })
    ).status;

  test('is the detected one, from the request on that gave it away', async () => {
    const d = await unchosen();
    const { id } = await d.user('a');
    expect(await removesNothing(d, id)).toBe(400);
    const Operations = [{ op: 'Remove', path: 'emails[type eq "home"]' }];
    expect((await d.call('PATCH', `/Users/${id}`, { schemas: [PATCH], Operations })).status).toBe(200);
    await detected(d);
    await eventually(async () => (await removesNothing(d, id)) === 200);
  });

  test('is the chosen one, whatever was detected, and a choice counts at once', async () => {
    const d = await unchosen();
    await d.call('GET', '/Users?aadOptscim062020');
    await detected(d);
    const { id } = await d.user('b');
    expect(await rest(d, 'PATCH', { profile: 'generic' })).toMatchObject({
      profile: 'generic',
      detectedProfile: 'entra',
    });
    await eventually(async () => (await removesNothing(d, id)) === 400);
    await rest(d, 'PATCH', { profile: 'okta' });
    await eventually(async () => (await removesNothing(d, id)) === 200);
  });
});
