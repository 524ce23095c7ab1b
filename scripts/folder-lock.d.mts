/** Types of folder-lock.mjs, which stays plain JavaScript so that the set-up can run it. */
export function withFolderLock<T>(
  folder: string,
  task: () => T | Promise<T>,
  onWait?: (ownerPid: number) => void,
): Promise<T>;
