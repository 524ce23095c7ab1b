import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { choosePort, findFreePort } from '../../src/dev/ports.ts';

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

test('a default port that is taken gives way to the next free one and says so', async () => {
  const usual = await findFreePort();
  const holder = await occupy(usual);
  const said: string[] = [];
  const port = await choosePort({ part: 'the mailbox', usual, log: (line) => said.push(line) });
  holder.close();
  expect(port).toBeGreaterThan(usual);
  expect(said).toEqual([`Port ${usual} is taken, so the mailbox uses ${port}.`]);
});

test('a port that was asked for and is taken is an error that names it', async () => {
  const asked = await findFreePort();
  const holder = await occupy(asked);
  const choice = choosePort({ part: 'Drawbridge', usual: 3000, asked, log: () => {} });
  await expect(choice).rejects.toMatchObject({ kind: 'port_taken', message: expect.stringContaining(`Port ${asked}`) });
  holder.close();
});

test('a port that was asked for and is free is used as it is, silently', async () => {
  const asked = await findFreePort();
  const said: string[] = [];
  const port = await choosePort({ part: 'Drawbridge', usual: 3000, asked, log: (line) => said.push(line) });
  expect({ port, said }).toEqual({ port: asked, said: [] });
});

test('the same free port is never given to two parts', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => findFreePort()));
  expect(new Set(ports).size).toBe(50);
});
