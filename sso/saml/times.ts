// SAML times: xs:dateTime in UTC (SAML core 1.3.3), compared with the tolerance for two clocks.
import { CLOCK_SKEW_SECONDS } from './connection.ts';
import { attribute, trimmed } from './dom.ts';
import { quoted, Refused } from './refusals.ts';

const DATE_TIME = /^(\d{4}-\d{2}-(\d{2}))T\d{2}:\d{2}:\d{2}(?:\.\d{1,12})?(Z|[+-]\d{2}:\d{2})?$/;
const SKEW_MS = CLOCK_SKEW_SECONDS * 1000;

/** A time attribute; undefined when it is not there. Without a zone it is UTC, as SAML says. */
export function timeAttribute(element: Element, name: string): Date | undefined {
  const written = attribute(element, name);
  if (written === undefined) return undefined;
  const text = trimmed(written);
  const parts = DATE_TIME.exec(text);
  const time = new Date(parts?.[3] === undefined ? `${text}Z` : text);
  // the 30th of February is the 2nd of March to Date
  const isDay = parts !== null && new Date(`${parts[1]}T00:00:00Z`).getUTCDate() === Number(parts[2]);
  if (!isDay || Number.isNaN(time.getTime())) throw new Refused('time_invalid', `${name} ${quoted(text)}`);
  return time;
}

/** The time lies ahead of us, beyond what a clock may be wrong. */
export function isFuture(time: Date, now: Date): boolean {
  return time.getTime() > now.getTime() + SKEW_MS;
}

/** An end ("not on or after") that has passed, beyond what a clock may be wrong. */
export function isPast(end: Date, now: Date): boolean {
  return end.getTime() + SKEW_MS <= now.getTime();
}

export function earlier(a: Date, b: Date | undefined): Date {
  return b !== undefined && b < a ? b : a;
}
