// Processes that the local system starts (Postgres, Keycloak). Each gets a process group of its own and a leash:
// a tiny shell that kills the group when this process ends in any way, kill -9 included. So nothing is left running.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export type ManagedProcess = {
  readonly pid: number;
  /** False from the moment it ended. */
  isRunning(): boolean;
  /** Resolves, never rejects, when the process and its group have ended and their ports are free again. */
  readonly ended: Promise<void>;
  /** Asks it to end, and after `graceMs` kills its group. Twice is harmless. */
  stop(): Promise<void>;
  /** Kills its whole group with SIGKILL. */
  kill(): Promise<void>;
};

export type ProcessInput = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Receives stdout and stderr, appended. */
  readonly logFile: string;
  readonly stopSignal: NodeJS.Signals;
  /** The signal sent when this process has died without stopping it. */
  readonly orphanSignal: 'INT' | 'KILL';
  readonly graceMs: number;
};

const GROUP_WITHIN_MS = 10_000;
const POLL_MS = 50;

const isWindows = process.platform === 'win32';

/** Starts a process as described; rejects only if it can't be started at all (the cause is the system's error). */
export async function startProcess(input: ProcessInput): Promise<ManagedProcess> {
  const logHandle = openSync(input.logFile, 'a');
  const child = spawn(input.command, [...input.args], {
    cwd: input.cwd,
    env: input.env,
    detached: !isWindows,
    shell: isWindows,
    stdio: ['ignore', logHandle, logHandle],
    ...(input.user ?? {}),
  });
  closeSync(logHandle);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return manage(child, input);
}

function manage(child: ChildProcess, input: ProcessInput): ManagedProcess {
  const pid = child.pid as number;
  const leash = isWindows ? undefined : startLeash(pid, input.orphanSignal);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve())).then(async () => {
    signalGroup(pid, 'SIGKILL');
    leash?.kill('SIGKILL');
    await waitForGroup(pid);
  });
  const kill = async () => {
    signalGroup(pid, 'SIGKILL');
    await ended;
  };
  const stop = async () => {
    if (!isRunning()) return;
    if (isWindows) return kill();
    child.kill(input.stopSignal);
    const timer = new AbortController();
    const late = delay(input.graceMs, 'late', { signal: timer.signal, ref: false }).catch(() => 'done');
    const first = await Promise.race([ended.then(() => 'ended'), late]);
    timer.abort();
    if (first === 'late') await kill();
  };
  return { pid, isRunning, ended, stop, kill };
}

/** Waits on a pipe whose other end only this process holds; the pipe closes when this process is gone. */
function startLeash(pid: number, signal: 'INT' | 'KILL'): ChildProcess {
  // Numbers, because dash takes a group's negative id only after a signal's number.
  const kill = signal === 'KILL' ? `kill -9 -${pid}` : `kill -2 ${pid}`;
  const leash = spawn('/bin/sh', ['-c', `read -r _; ${kill}`], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  leash.on('error', () => {});
  leash.unref();
  (leash.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return leash;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (isWindows) {
    spawn('taskkill', ['/pid', String(pid), '/f', '/t'], { stdio: 'ignore' }).on('error', () => {});
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

/** A killed child of the child may need a moment to let go of its ports. Bounded: it can't refuse to die. */
async function waitForGroup(pid: number): Promise<void> {
  const deadline = Date.now() + GROUP_WITHIN_MS;
  while (!isWindows && isAlive(-pid) && Date.now() < deadline) {
    const listed = await runToEnd('ps', ['-e', '-o', 'pgid=,stat=']).catch(() => undefined);
    // The dead that nobody collected (Z) still count as a group, but hold nothing; one with threads (Zl) is not dead yet.
    const living = listed?.output.split('\n').some((line) => new RegExp(`^\\s*${pid}\\s+(?!Z[^l]*$)\\S`).test(line));
    if (living === false) return;
    await delay(POLL_MS);
  }
}

/** Runs a command to its end; its exit code and all it wrote. Rejects if it can't be started. */
export function runToEnd(
  command: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly user?: { readonly uid: number; readonly gid: number } | undefined;
    readonly timeoutMs?: number;
  } = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd ?? '/',
      env: options.env ?? process.env,
      shell: isWindows,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.user ?? {}),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-20_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** True while some process has this id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The last lines of a log file, or an empty text if there is none. */
export function tailOf(logFile: string, lines = 15): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
