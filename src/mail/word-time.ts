// A moment as our mails write it.

/** To the minute, in UTC. */
export function wordTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
