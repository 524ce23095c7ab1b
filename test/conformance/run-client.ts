// Runs a third-party client to its end and keeps all that it prints.

import { execFile } from 'node:child_process';

const WITHIN_MS = 150_000;

export type ClientRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Rejects only where the client cannot be started or does not end. */
export function runClient(
  command: string,
  args: readonly string[],
  input: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {},
): Promise<ClientRun> {
  const options = { env: { ...process.env, ...input.env }, timeout: WITHIN_MS, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    }).stdin?.end(input.stdin ?? '');
  });
}
