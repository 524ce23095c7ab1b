// What can go wrong while the local system starts, each with its cause and its cure in one line.

export type TroubleKind =
  | 'java_missing'
  | 'java_too_old'
  | 'port_taken'
  | 'disk_full'
  | 'no_permission'
  | 'already_running'
  | 'download_failed'
  | 'start_failed'
  | 'not_in_production';

/** A start that can't go on. `message` is one line (cause, then cure) fit to be shown as it is. */
export class StartTrouble extends Error {
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StartTrouble';
    this.kind = kind;
  }
}

/** Throws `not_in_production` for parts that exist only on a developer's machine. */
export function refuseInProduction(part: string): void {
  if (process.env.NODE_ENV === 'production') {
    throw new StartTrouble(
      'not_in_production',
      `${part} is for development only and does not start with NODE_ENV=production.`,
    );
  }
}

/** Turns an error of the file system into a trouble with a cure; anything else is handed back unchanged. */
export function explainFileTrouble(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path, error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StartTrouble('no_permission', `No permission to write ${path}: give this user the right to it.`, {
      cause: error,
    });
  }
  return error;
}

/** The trouble for a full disk; `path` names the folder that needs room. */
export function diskFull(path: string, cause?: unknown): StartTrouble {
  return new StartTrouble('disk_full', `The disk is full at ${path}: free some space and run again.`, { cause });
}
