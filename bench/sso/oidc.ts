// What it costs to finish a login by OpenID Connect (code exchange, ID token verified), beside bare openid-client with
// the same checks. The provider has a process of its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  ClientSecretBasic,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client';
import { createRelyingParty } from '../../sso/oidc/relying-party.ts';
import { compareCpu, type Rounds } from './compare-cpu.ts';

const REDIRECT_URI = 'http://127.0.0.1/sso/oidc/bench/callback';
const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-x';

/** Processor milliseconds per code. */
export async function measureOidc(rounds: Rounds): Promise<{ readonly oursMs: number; readonly theirsMs: number }> {
  const provider = fork(new URL('./token-endpoint.ts', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    const [{ port }] = (await once(provider, 'message')) as [{ port: number }];
    const issuer = `http://127.0.0.1:${port}`;
    return await compareCpu(finishOurs(issuer), await finishBare(issuer), rounds);
  } finally {
    const gone = once(provider, 'exit');
    provider.disconnect();
    await gone;
  }
}

let count = 0;

/** The address that the browser comes back to; the provider takes the code for the nonce. */
function answered(): { url: URL; state: string; nonce: string } {
  count += 1;
  const nonce = `nonce-${count}`;
  const state = `state-${count}`;
  const url = new URL(REDIRECT_URI);
  url.search = new URLSearchParams({ code: nonce, state }).toString();
  return { url, state, nonce };
}

function finishOurs(issuer: string): () => Promise<void> {
  const clock = { now: () => new Date() };
  const relyingParty = createRelyingParty({ clock, allowLoopbackHttp: true });
  const connection = {
    id: 'bench',
    version: 1,
    issuer,
    clientId: 'bench',
    authentication: { method: 'client_secret_basic', secret: 'a-secret' },
    scopes: ['email'],
    tenantId: undefined,
  } as const;
  return async () => {
    const { url, state, nonce } = answered();
    const login = await relyingParty.finishLogin(connection, { currentUrl: url, state, nonce, codeVerifier: VERIFIER });
    if (!login.ok) throw new Error(`${login.refusal}: ${login.detail}`);
  };
}

async function finishBare(issuer: string): Promise<() => Promise<void>> {
  const configuration = await discovery(new URL(issuer), 'bench', undefined, ClientSecretBasic('a-secret'), {
    execute: [enableNonRepudiationChecks, allowInsecureRequests],
  });
  return async () => {
    const { url, state, nonce } = answered();
    const tokens = await authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: VERIFIER,
      idTokenExpected: true,
    });
    if (tokens.claims()?.sub !== 'ada') throw new Error('another person came back');
  };
}
