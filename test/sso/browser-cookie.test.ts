// The cookie that holds a sign-in to its browser: nobody but this very host can have set it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, test } from 'vitest';
import { browserHashes, ensureBrowser } from '../../sso/sign-in/browser-cookie.ts';

/** Asks once, as a browser with that cookie header: what is set, and how many browsers it is taken for. */
async function ask(baseUrl: string, cookie: string): Promise<{ set: string[]; known: number }> {
  const app = express().get('/', (req, res) => {
    const known = browserHashes(req, baseUrl).length;
    ensureBrowser(req, res, baseUrl);
    res.json({ known });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { cookie } });
    const { known } = (await answer.json()) as { known: number };
    return { set: answer.headers.getSetCookie(), known };
  } finally {
    server.close();
  }
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
