// A company's word that somebody has logged out there (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6). Pure
// but for the provider's keys. That a token counts once is the caller's to hold, by its `jti`.
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { isStorable } from '../../src/http/storable-text.ts';
import { type ProviderKeys, SIGNATURE_ALGORITHMS } from './provider-keys.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPES = new Set(['logout+jwt', 'application/logout+jwt', 'jwt']);
/** A logout is told at once; an old token is somebody's copy. */
const MAX_AGE_SECONDS = 300;
const SKEW_SECONDS = 60;
/** Of `sub`, `sid` and `jti`, here and in ID tokens: the database's indexes hold no longer ones. */
export const MAX_NAME_LENGTH = 512;

export type LogoutToken = {
  /** One of the two is there; without `sid` all sessions of `sub` are meant. */
  readonly sub: string | undefined;
  readonly sid: string | undefined;
  readonly jti: string;
  /** Until when `jti` must be remembered. */
  readonly until: Date;
};

/** `detail` says what is wrong, without values. */
type LogoutTokenVerdict = ({ readonly ok: true } & LogoutToken) | { readonly ok: false; readonly detail: string };

/** Keys that cannot be fetched are no verdict: that error is thrown. */
export async function verifyLogoutToken(
  token: string,
  expected: { readonly issuer: string; readonly clientId: string; readonly keys: ProviderKeys; readonly now: Date },
): Promise<LogoutTokenVerdict> {
  const { issuer, clientId: audience, keys, now: currentDate } = expected;
  try {
    const { payload, protectedHeader } = await keys.verifyBy('anybody', (published) =>
      jwtVerify(token, published, {
        issuer,
        audience,
        algorithms: SIGNATURE_ALGORITHMS,
        currentDate,
        clockTolerance: SKEW_SECONDS,
        maxTokenAge: MAX_AGE_SECONDS,
        requiredClaims: ['exp', 'iat', 'jti', 'events'],
      }),
    );
    const { typ } = protectedHeader;
    if (typ !== undefined && !TYPES.has(typ.toLowerCase())) return refuse('typ is not logout+jwt');
    return readClaims(payload, currentDate);
  } catch (error) {
    if (error instanceof errors.JOSEError) return refuse(error.message);
    throw error;
  }
}

function readClaims(payload: JWTPayload, now: Date): LogoutTokenVerdict {
  const { sub, sid, jti, events } = payload;
  // an ID token of the same provider must never pass for a logout
  if ('nonce' in payload) return refuse('nonce is not allowed');
  if (!isObject(events) || !isObject(events[EVENT])) return refuse('events does not hold the logout event');
  if (!isText(jti)) return refuse('jti is not a text');
  if (sub !== undefined && !isText(sub)) return refuse('sub is not a text');
  if (sid !== undefined && !isText(sid)) return refuse('sid is not a text');
  if (sub === undefined && sid === undefined) return refuse('sub and sid are missing');
  const until = new Date(now.getTime() + (MAX_AGE_SECONDS + 2 * SKEW_SECONDS) * 1000);
  return { ok: true, sub, sid: sid as string | undefined, jti, until };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && isStorable(value);
}

function refuse(detail: string): LogoutTokenVerdict {
  return { ok: false, detail };
}
