// A moment as our pages and mails write it. Pure.

const WORDS = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

/** To the minute, as a reader anywhere understands it, such as "28 November 2026 at 09:30 UTC". */
export function wordTime(at: Date): string {
  return `${WORDS.format(at)} UTC`;
}
