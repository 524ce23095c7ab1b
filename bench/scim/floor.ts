// Starts the bare floor server in a process of its own.

import { randomBytes } from 'node:crypto';
import { startChild } from './child.ts';
import type { FloorSettings } from './floor-server.ts';
import type { Server } from './load-driver.ts';

export async function startFloor(databaseUrl: string): Promise<{ readonly server: Server; stop(): Promise<void> }> {
  const child = startChild<FloorSettings, { baseUrl: string }>(new URL('./floor-server.ts', import.meta.url));
  const token = randomBytes(32).toString('base64url');
  const { baseUrl } = await child.ask({ databaseUrl, token });
  return { server: { name: 'floor', baseUrl, token }, stop: async () => child[Symbol.asyncDispose]() };
}
