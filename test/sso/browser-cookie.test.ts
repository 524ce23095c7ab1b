// The cookies that hold a sign-in, and the forms of a set-up page, to their browser: nobody but this very host can have
// set them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import { expect, test } from 'vitest';
import { bindForms, isBoundForm } from '../../sso/setup/form-binding.ts';
import { browserHashes, ensureBrowser } from '../../sso/sign-in/browser-cookie.ts';

/** Asks once, as a browser with that cookie header: what is set, and what `work` answers. */
async function request<T>(
  cookie: string,
  work: (req: Request, res: Response) => T,
): Promise<{ set: string[]; said: T }> {
  const server = createServer(express().get('/', (req, res) => void res.json({ said: work(req, res) })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { cookie } });
    return { set: answer.headers.getSetCookie(), said: ((await answer.json()) as { said: T }).said };
  } finally {
    server.close();
  }
}

/** How many browsers of a sign-in it is taken for. */
async function ask(baseUrl: string, cookie: string): Promise<{ set: string[]; known: number }> {
  const { set, said } = await request(cookie, (req, res) => {
    const known = browserHashes(req, baseUrl).length;
    ensureBrowser(req, res, baseUrl);
    return known;
  });
  return { set, known: said };
}

const VALUE = 'v'.repeat(43);

test('over https a browser takes the cookie from this host alone, and for all of it', async () => {
  const { set } = await ask('https://drawbridge.test', '');
  expect(set).toEqual([
    expect.stringMatching(
      /^__Host-db_browser_([\w-]{8})=\1[\w-]{35}; Path=\/; (?=.*HttpOnly)(?=.*Secure)(?=.*SameSite=Lax)/,
    ),
  ]);
  expect(set[0]).not.toContain('Domain');
  expect(await ask('https://drawbridge.test', `__Host-db_browser_x=${VALUE}`)).toEqual({ set: [], known: 1 });
});

test.each([
  `db_browser_x=${VALUE}`,
  `__host-db_browser_x=${VALUE}`,
  `__Secure-db_browser_x=${VALUE}`,
  `=__Host-db_browser_x=${VALUE}`,
  `x=__Host-db_browser_x=${VALUE}`,
  `__Host-db_browser_x=${VALUE}v`,
])('what a sibling host or a script can plant is no cookie of ours: %s', async (cookie) => {
  expect(await ask('https://drawbridge.test', cookie)).toMatchObject({ known: 0, set: [expect.any(String)] });
});

test('over http, for development, it goes without', async () => {
  const { set } = await ask('http://localhost:8080', '');
  expect(set).toEqual([expect.stringMatching(/^db_browser_/)]);
  expect(await ask('http://localhost:8080', `db_browser_x=${VALUE}`)).toEqual({ set: [], known: 1 });
});

test('the form of a set-up page counts with the cookie that came with the page, and with no planted one', async () => {
  const config = { secretKey: 'k'.repeat(40), baseUrl: 'https://drawbridge.test' };
  const { set, said: binding } = await request('', (req, res) => bindForms(req, res, config, 'link'));
  const cookie = set[0]?.split(';')[0] ?? '';
  expect(set).toEqual([expect.stringMatching(/^__Host-db_setup=[\w-]{43}; Path=\/; (?=.*HttpOnly)(?=.*Secure)/)]);
  const counts = async (sent: string) => (await request(sent, (req) => isBoundForm(req, config, 'link', binding))).said;
  expect(await counts(cookie)).toBe(true);
  expect(await counts(cookie.replace('__Host-', ''))).toBe(false);
});
