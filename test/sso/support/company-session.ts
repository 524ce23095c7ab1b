// What a sign-in that is made by hand says of its session at the company.
import type { UpstreamSession } from '../../../sso/logout/upstream-session.ts';

export const BROWSER = Buffer.alloc(32, 7);

export function companySession(subject: string): UpstreamSession {
  return {
    subject,
    nameFormat: undefined,
    nameQualifier: undefined,
    spNameQualifier: undefined,
    sessionIndex: undefined,
    idToken: undefined,
  };
}
