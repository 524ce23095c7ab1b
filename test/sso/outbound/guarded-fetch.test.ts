// Requests to companies' sides: where they may lead, and how much and how long they may take. Servers are real ones on
// this machine; only the DNS is the test's.
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createAddressCheck } from '../../../sso/outbound/allowed-addresses.ts';
import { createGuardedFetch, type OutboundOptions } from '../../../sso/outbound/guarded-fetch.ts';
import { OutboundFault } from '../../../sso/outbound/outbound-fault.ts';

const open: { close(): unknown; closeAllConnections?(): void }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections?.();
    await new Promise((closed) => (server as Server).close(closed));
  }
});

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** In development, with a DNS of its own. */
const guarded = (options: Partial<OutboundOptions> = {}, names: Record<string, string[]> = {}) =>
  createGuardedFetch({
    allowed: { networks: [], loopback: true },
    resolve: async (name) => (names[name] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ...options,
  });

const faultOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'answered',
    (error: unknown) => (error instanceof OutboundFault ? error.code : String(error)),
  );

describe('an address', () => {
  const isPublic = createAddressCheck({ networks: [], loopback: false });

  test.each(['93.184.215.14', '8.8.8.8', '100.63.255.255', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s may be reached',
    (address) => expect(isPublic(address, 'idp.test')).toBe(true),
  );

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b:1::a00:1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'no address',
  ])('%s may not', (address) => expect(isPublic(address, 'idp.test')).toBe(false));

  test('of a network that the operator allows may be reached, its neighbours not', () => {
    const allowed = createAddressCheck({ networks: ['10.1.0.0/16', 'fd12::/48'], loopback: false });
    expect(['10.1.2.3', '10.2.2.3', 'fd12::1', 'fd13::1'].map((one) => allowed(one, 'idp.test'))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test('of this machine may be reached in development, by its own name only', () => {
    const inDevelopment = createAddressCheck({ networks: [], loopback: true });
    expect(inDevelopment('127.0.0.1', 'localhost')).toBe(true);
    expect(inDevelopment('::1', '[::1]')).toBe(true);
    expect(inDevelopment('127.0.0.1', 'idp.test')).toBe(false);
    expect(inDevelopment('10.0.0.1', 'localhost')).toBe(false);
  });
});

describe('a request', () => {
  test('is answered, decoded, with status and headers', async () => {
    const encoders = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, identity: (body: string) => body };
    const url = await serve((request, response) => {
      const encoding = (request.url ?? '').slice(1) as keyof typeof encoders;
      response.writeHead(203, {
        'content-encoding': encoding,
        'x-asked': `${request.method} ${request.headers.accept}`,
      });
      response.end(encoders[encoding]('metadata'));
    });
    for (const encoding of Object.keys(encoders)) {
      const answer = await guarded()(`${url}/${encoding}`, { headers: { accept: 'text/xml' } });
      expect([answer.status, answer.headers.get('x-asked'), await answer.text()]).toEqual([
        203,
        'GET text/xml',
        'metadata',
      ]);
    }
  });

  test('sends its body', async () => {
    const url = await serve((request, response) => void request.pipe(response));
    const answer = await guarded()(url, { method: 'POST', body: new URLSearchParams({ code: 'é' }) });
    expect(await answer.text()).toBe('code=%C3%A9');
  });

  test.each([
    ['http://idp.test/', 'insecure'],
    ['ftp://idp.test/', 'insecure'],
    ['file:///etc/passwd', 'insecure'],
    ['nonsense', 'insecure'],
    ['https://user:password@idp.test/', 'insecure'],
    ['https://10.0.0.1/', 'private_address'],
    ['https://169.254.169.254/latest/meta-data/', 'private_address'],
    ['https://[::ffff:127.0.0.1]/', 'private_address'],
    ['https://[64:ff9b::a00:1]/', 'private_address'],
    ['https://0xa000001/', 'private_address'],
    ['https://012.0.0.1/', 'private_address'],
    ['https://unknown.test/', 'unresolved'],
  ])('to %s is refused: %s', async (url, code) => {
    expect(await faultOf(guarded()(url))).toBe(code);
  });

  test('to this machine is refused in production', async () => {
    const url = await serve((_request, response) => response.end('hello'));
    const inProduction = guarded({ allowed: { networks: [], loopback: false } });
    expect(await faultOf(inProduction(url))).toBe('insecure');
    expect(await faultOf(inProduction(url.replace('http:', 'https:')))).toBe('private_address');
  });

  test.each([
    ['loopback', ['127.0.0.1']],
    ['loopback in IPv6', ['::1']],
    ['a private address beside a public one', ['93.184.215.14', '10.0.0.1']],
  ])('to a name that resolves to %s is refused', async (_what, addresses) => {
    let asked = 0;
    const server = createTcpServer(() => {
      asked += 1;
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    open.push(server);
    const { port } = server.address() as AddressInfo;
    const rebinding = guarded({}, { 'rebind.test': addresses });
    expect(await faultOf(rebinding(`https://rebind.test:${port}/`))).toBe('private_address');
    expect(asked).toBe(0);
  });

  test('connects to the very address that was checked: the name is resolved once', async () => {
    const connected: string[] = [];
    const server = createTcpServer((socket) => {
      connected.push(socket.localAddress ?? '');
      socket.destroy();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    open.push(server);
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const changing = createGuardedFetch({
      allowed: { networks: ['127.0.0.1/32'], loopback: false },
      resolve: async () => (answers.shift() ?? []).map((address) => ({ address, family: 4 })),
    });
    const url = `https://changing.test:${(server.address() as AddressInfo).port}/`;
    // nothing speaks TLS there, but the connection came
    expect(await faultOf(changing(url))).toBe('unreachable');
    expect(connected).toEqual(['127.0.0.1']);
    expect(answers).toHaveLength(1);
    expect(await faultOf(changing(url))).toBe('private_address');
  });
});

describe('a redirect', () => {
  const redirecting = (target: (url: string) => string) =>
    serve((request, response) => {
      const { host = '', ...rest } = request.headers;
      const location = target(`http://${host}${request.url}`);
      if (location === '') return void response.end(`arrived ${Object.keys(rest).includes('authorization')}`);
      response.writeHead(302, { location }).end();
    });

  test('is followed, also to a path, three times at most', async () => {
    const url = await redirecting((at) => {
      const step = Number(at.slice(-1));
      return step === 0 ? '' : `/${step - 1}`;
    });
    expect(await (await guarded()(`${url}/3`)).text()).toBe('arrived false');
    expect(await faultOf(guarded()(`${url}/4`))).toBe('redirects');
  });

  test.each([
    ['a metadata service', 'https://169.254.169.254/latest/meta-data/', 'private_address'],
    ['a name of a private network', 'https://intranet.test/', 'private_address'],
    ['plain http', 'http://93.184.215.14/', 'insecure'],
    ['a file', 'file:///etc/passwd', 'insecure'],
  ])('to %s is refused', async (_what, target, code) => {
    const url = await redirecting(() => target);
    expect(await faultOf(guarded({}, { 'intranet.test': ['192.168.0.10'] })(url))).toBe(code);
  });

  test('is answered as it is where the caller asks for that', async () => {
    const url = await redirecting(() => 'https://169.254.169.254/');
    const answer = await guarded()(url, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'https://169.254.169.254/']);
  });
});

describe('an answer', () => {
  test('that does not end is cut off at 1 MiB', async () => {
    const url = await serve((_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await faultOf(guarded()(url))).toBe('too_large');
  });

  test('that says it is longer than 1 MiB is not read', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'content-length': 2_000_000 }).write('x'),
    );
    expect(await faultOf(guarded()(url))).toBe('too_large');
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('that is a %s bomb is cut off at 1 MiB', async (encoding, encode) => {
    const bomb = encode(Buffer.alloc(50 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb),
    );
    expect(await faultOf(guarded()(url))).toBe('too_large');
  });

  test('of 1 MiB is taken', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(1024 * 1024)));
    expect((await (await guarded()(url)).arrayBuffer()).byteLength).toBe(1024 * 1024);
  });

  test.each([
    ['no gzip', 'gzip', Buffer.from('plain text')],
    ['half a gzip', 'gzip', gzipSync('x'.repeat(1000)).subarray(0, 20)],
    ['an unknown encoding', 'zstd', Buffer.from('x')],
  ])('in %s is refused', async (_what, encoding, body) => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    expect(await faultOf(guarded()(url))).toBe('encoding');
  });

  test('that never comes, or comes byte by byte, is given up when the time is over', async () => {
    const silent = await serve(() => {});
    expect(await faultOf(guarded({ timeoutMs: 50 })(silent))).toBe('timeout');
    const dripping = await serve((_request, response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    });
    expect(await faultOf(guarded({ timeoutMs: 200 })(dripping))).toBe('timeout');
    const circling = await serve((request, response) => {
      setTimeout(() => response.writeHead(302, { location: `${request.url}x` }).end(), 40);
    });
    expect(await faultOf(guarded({ timeoutMs: 60 })(circling))).toBe('timeout');
  });

  test('that is cut off is a fault in words', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('x', () => response.destroy());
    });
    await expect(guarded()(url)).rejects.toThrow(/cannot be reached: the connection was cut/);
    await expect(guarded()('http://127.0.0.1:1/')).rejects.toThrow(/127\.0\.0\.1:1 cannot be reached: nothing listens/);
  });
});
