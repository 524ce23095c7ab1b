// Ports of the local system. A default port that is taken gives way to the next free one and says so; a port that
// somebody asked for is never changed silently (design section 11).

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StartTrouble } from './trouble.ts';

const LOOPBACK = '127.0.0.1';
const TRIES = 100;

/** Ports given out by this process: the same free port must not go to two parts before either listens on it. */
const givenOut = new Set<number>();

/** Below what any system gives to outgoing connections: a part that is started again finds its port free still. */
const LOWEST = 15_000;
const HIGHEST = 32_000;

/** A loopback port that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!givenOut.has(port) && (await isFree(port))) {
      givenOut.add(port);
      return port;
    }
  }
  throw new StartTrouble('port_taken', 'No free port was found on 127.0.0.1: stop some programs and run again.');
}

/**
 * The port for one part of the local system. `asked` (from configuration) is taken as it is or refused with
 * `port_taken`; without it, `usual` or the next free port above it, and `log` says when it gave way.
 */
export async function choosePort(input: {
  readonly part: string;
  readonly usual: number;
  readonly asked?: number | undefined;
  readonly log: (line: string) => void;
}): Promise<number> {
  if (input.asked !== undefined) {
    await requireFreePort(input.asked, input.part);
    givenOut.add(input.asked);
    return input.asked;
  }
  for (let port = input.usual; port < input.usual + TRIES && port < 65_536; port += 1) {
    if (givenOut.has(port) || !(await isFree(port))) continue;
    givenOut.add(port);
    if (port !== input.usual) input.log(`Port ${input.usual} is taken, so ${input.part} uses ${port}.`);
    return port;
  }
  return findFreePort();
}

/** Throws `port_taken` unless `port` is free on 127.0.0.1 now; `part` is who wants it, as in "the mailbox". */
export async function requireFreePort(port: number, part: string): Promise<void> {
  if (await isFree(port)) return;
  throw new StartTrouble(
    'port_taken',
    `Port ${port}, meant for ${part}, is taken: stop what listens there, or ask for another.`,
  );
}

async function isFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

/** Listens for an instant; the port it got, or undefined if somebody else has it. */
function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(got));
    });
  });
}
