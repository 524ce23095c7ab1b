// Sends the browser to the company's identity provider: remembers the request, bound to this browser, then redirects.
import { newId } from '../../src/ids.ts';
import type { Connection } from '../connections/connection.ts';
import { oidcConnection, samlSignOn } from '../connections/protocol-view.ts';
import type { SsoDeps } from '../deps.ts';
import { oidcRedirectUri } from '../oidc/connection.ts';
import type { RelyingParty } from '../oidc/relying-party.ts';
import { createAuthnRequest } from '../saml/authn-request.ts';
import type { SamlForm } from '../saml/send-message.ts';
import { SignInRefused } from './refusals.ts';
import { type Answers, insertSignInRequest } from './sign-in-request-store.ts';

export type BeginInput = {
  readonly connection: Connection;
  readonly answers: Answers;
  readonly browserHash: Buffer;
  readonly loginHint: string | undefined;
  /** The person must authenticate again at the company. */
  readonly forceLogin: boolean;
  /** Or may have done so this many seconds ago. */
  readonly maxAge?: number | undefined;
};

export type SendAway = { readonly url: string } | { readonly form: SamlForm };

/** Throws SignInRefused when the connection is not complete or the company's side does not answer. */
export async function beginSignIn(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly relyingParty: RelyingParty },
  input: BeginInput,
): Promise<SendAway> {
  const { connection } = input;
  return connection.protocol === 'saml' ? beginSaml(deps, input) : beginOidc(deps, input);
}

async function beginSaml(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>, input: BeginInput): Promise<SendAway> {
  const { connection } = input;
  // SAML has no age to ask for, so that any limit asks anew
  const forceLogin = input.forceLogin || input.maxAge !== undefined;
  const signOn = connection.protocol === 'saml' ? samlSignOn(deps.config.baseUrl, connection) : undefined;
  if (!signOn) throw new SignInRefused('connection_missing', "The identity provider's metadata is missing.");
  const id = newId();
  const now = deps.clock.now();
  // RelayState is the row's id: opaque to everybody else, and no address
  const request = createAuthnRequest(signOn, { relayState: id, forceAuthn: forceLogin, now });
  const sent = { protocol: 'saml', id: request.id, issuedAt: now.toISOString(), forceAuthn: forceLogin } as const;
  await remember(deps, input, id, sent);
  return request.binding === 'redirect' ? { url: request.url } : { form: request.form };
}

async function beginOidc(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly relyingParty: RelyingParty },
  input: BeginInput,
): Promise<SendAway> {
  const { connection, loginHint, forceLogin, maxAge } = input;
  const upstream = connection.protocol === 'oidc' ? oidcConnection(connection) : undefined;
  if (!upstream) throw new SignInRefused('connection_missing', 'The client secret is missing.');
  const redirectUri = oidcRedirectUri(deps.config.baseUrl, connection.id);
  const started = await deps.relyingParty.startLogin(upstream, { redirectUri, loginHint, forceLogin, maxAge });
  if (!started.ok) {
    throw new SignInRefused('identity_provider_unavailable', `${started.refusal}: ${started.detail}`);
  }
  const { ok: _ok, url, ...pending } = started;
  await remember(deps, input, newId(), { protocol: 'oidc', ...pending });
  return { url };
}

async function remember(
  deps: Pick<SsoDeps, 'db' | 'clock'>,
  input: BeginInput,
  id: string,
  sent: Parameters<typeof insertSignInRequest>[2]['sent'],
): Promise<void> {
  const { connection, answers, browserHash, loginHint } = input;
  const request = { id, connectionId: connection.id, ...answers, browserHash, loginHint, sent };
  await insertSignInRequest(deps, connection.orgId, request);
}
