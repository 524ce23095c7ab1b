// The OpenID Connect answer of one request: the code is exchanged, the ID token verified.
import type { Connection } from '../connections/connection.ts';
import { oidcConnection } from '../connections/protocol-view.ts';
import { type RefreshDeps, refreshAfterFailure } from '../connections/refresh-connection.ts';
import type { SsoDeps } from '../deps.ts';
import { callbackUrl, oidcRedirectUri } from '../oidc/connection.ts';
import type { UsedKey } from '../oidc/provider-keys.ts';
import type { RelyingParty } from '../oidc/relying-party.ts';
import { type RefusalCode, SignInRefused } from './refusals.ts';
import { keepDocument } from './sign-in-document.ts';
import type { SignInRequest } from './sign-in-request-store.ts';
import { note, type SignInTrace } from './sign-in-trace.ts';
import { oidcPerson, type UpstreamPerson } from './upstream-person.ts';

const CODES: Readonly<Record<string, RefusalCode>> = {
  provider_error: 'identity_provider_refused',
  unreachable: 'identity_provider_unavailable',
};

/** @param requestTarget the callback's request target, such as Express's `originalUrl` */
export async function verifyOidcAnswer(
  deps: RefreshDeps & Pick<SsoDeps, 'log'> & { readonly relyingParty: RelyingParty },
  requestTarget: string,
  connection: Connection,
  { sent }: SignInRequest,
  trace: SignInTrace,
): Promise<UpstreamPerson> {
  const upstream = connection.protocol === 'oidc' ? oidcConnection(connection) : undefined;
  if (!upstream || sent.protocol !== 'oidc') {
    throw new SignInRefused(
      'connection_mismatch',
      'The request was not made for OIDC, or the connection is incomplete.',
    );
  }
  const currentUrl = callbackUrl(oidcRedirectUri(deps.config.baseUrl, connection.id), requestTarget);
  const login = await deps.relyingParty.finishLogin(upstream, { ...sent, currentUrl });
  if (!login.ok) {
    trace.facts.oidcRefusal = login.refusal;
    // the code is spent, but where the keys have moved the next sign-in finds them
    if (login.refusal === 'id_token_signature') await refreshAfterFailure(deps, connection);
    throw new SignInRefused(CODES[login.refusal] ?? 'response_refused', `${login.refusal}: ${login.detail}`);
  }
  keepDocument(deps, trace, connection, login.idToken);
  trace.facts.key = login.key;
  note(trace, 'ID token', true, `verified, issued by ${login.issuer}`);
  note(trace, 'key', true, wordsOf(login.key));
  return oidcPerson(connection.settings, login);
}

function wordsOf({ kid, algorithm, thumbprint, readAgain }: UsedKey): string {
  const name = kid === undefined ? 'the one that fits' : JSON.stringify(kid);
  return `${name} (${algorithm}, thumbprint ${thumbprint})${readAgain ? ', found when the published keys were read again' : ''}`;
}
