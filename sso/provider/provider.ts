// Drawbridge as an OIDC identity provider to Keycloak (design, section 4): who is signed in is decided anew for every
// request, our `sub` is the person id, and Keycloak is never answered with an OAuth error that makes it loop (field
// notes on Keycloak, 12.1). All state is in Postgres.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { errors, interactionPolicy, type KoaContextWithOIDC, Provider, type JWK as ProviderKey } from 'oidc-provider';
import { deriveKey } from '../../src/seal.ts';
import type { SsoDeps } from '../deps.ts';
import { refusalPage } from '../pages/refusal-page.ts';
import type { RefusalCode } from '../sign-in/refusals.ts';
import type { KeyRing } from './key-ring.ts';
import { personAccount } from './person-account.ts';
import { providerClientAdapter } from './provider-clients.ts';
import { providerStateAdapter } from './provider-state.ts';
import { rememberSignIn, type SignInFacts } from './sign-in-facts.ts';
import type { SigningKeys } from './signing-keys.ts';

const MINUTE = 60;
/** How long somebody may take at the company's identity provider. */
const INTERACTION_SECONDS = 15 * MINUTE;
const SCOPES = 'openid email profile';
/** The only errors that reach the application through Keycloak; it answers every other by asking us again, for ever. */
const HARMLESS = new Set(['interaction_required', 'login_required']);

/** The path of the page that decides one request of Keycloak. */
export function interactionPath(uid: string): string {
  return `/sso/interaction/${uid}`;
}

export type OidcProvider = {
  /** The one of the present keys. All state is in Postgres, so whoever still holds an earlier one may go on with it. */
  provider(): Provider;
  /** Serves `/oidc`; must get the raw request. */
  readonly handle: RequestListener;
};

/** Our provider as issuer `${baseUrl}/oidc`. Any number of processes may run it on one database. */
export async function createProvider(deps: SsoDeps, keyRing: KeyRing): Promise<OidcProvider> {
  const first = await keyRing.keys();
  let live = { version: first.version, ...buildProvider(deps, first) };
  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const keys = await keyRing.keys();
    if (keys.version !== live.version) live = { version: keys.version, ...buildProvider(deps, keys) };
    live.handle(req, res);
  }
  return {
    provider: () => live.provider,
    handle: (req, res) =>
      void serve(req, res).catch((error: unknown) => {
        deps.log.error({ err: error }, 'the identity provider could not take a request');
        const { status, headers, html } = refusalPage({ code: 'internal', appUrl: deps.config.appUrl });
        res.writeHead(status, headers).end(html);
      }),
  };
}

/** The library takes its keys once, so a changed set makes a new instance. */
function buildProvider(deps: SsoDeps, keys: SigningKeys): { provider: Provider; handle: RequestListener } {
  const { config } = deps;
  const clients = providerClientAdapter({ db: deps.db, clock: deps.clock, clients: { keycloak: config.keycloak } });
  const short = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true, path: '/' } as const;
  const provider = new Provider(`${config.baseUrl}/oidc`, {
    adapter: (model: string) => (model === 'Client' ? clients : providerStateAdapter(deps, model)),
    jwks: { keys: [...keys.all] as ProviderKey[] },
    cookies: {
      keys: [deriveKey(config.secretKey, 'provider cookies').toString('base64url')],
      names: { session: '_session', interaction: '_interaction', resume: '_interaction_resume' },
      short: { ...short, path: undefined },
      long: short,
    },
    claims: {
      openid: ['sub', 'sid', 'db_connection', 'db_login_at'],
      email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name'],
    },
    // Keycloak is told not to call userinfo, so the ID token holds every claim
    conformIdTokenClaims: false,
    scopes: SCOPES.split(' '),
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: { enabled: false },
    },
    interactions: { url: (_ctx, interaction) => interactionPath(interaction.uid), policy: askAlways() },
    findAccount: (_ctx, id, token) => personAccount(deps, id, token),
    loadExistingGrant: (ctx) => grantForThisSignIn(deps, ctx),
    expiresWithSession: () => false,
    ttl: {
      AccessToken: 5 * MINUTE,
      AuthorizationCode: MINUTE,
      IdToken: 5 * MINUTE,
      Grant: INTERACTION_SECONDS,
      Interaction: INTERACTION_SECONDS,
      Session: INTERACTION_SECONDS,
    },
    renderError: (ctx, _out, error) => renderRefusal(ctx, config.appUrl, refusalCodeOf(error)),
  });
  // The public origin is configured; what a proxy or a client says of it is overwritten in `handle`.
  provider.proxy = true;
  provider.use(refuseByPage(provider, deps));
  provider.use(letKeysBeCached);
  const callback = provider.callback();
  return { provider, handle: (req, res) => void callback(prepare(req, config.baseUrl), res) };
}

/** A set may be an hour old where it is used; a key waits a day in it before it signs. */
async function letKeysBeCached(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  if (ctx.oidc?.route === 'jwks' && ctx.status === 200) ctx.set('cache-control', 'public, max-age=3600');
}

/** The default policy, except that no earlier sign-in of this browser ever counts. */
function askAlways(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy
    .get('login')
    ?.checks.add(
      new interactionPolicy.Check(
        'fresh_sign_in',
        'every request is decided anew',
        'interaction_required',
        (ctx) => !ctx.oidc.result?.login,
      ),
      0,
    );
  return policy;
}

/** Keycloak is our own client and needs nobody's consent. What this sign-in was is kept beside the grant. */
async function grantForThisSignIn(
  deps: SsoDeps,
  ctx: KoaContextWithOIDC,
): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { client, session, result, provider } = ctx.oidc;
  if (!client || !session?.accountId || !result?.login) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(SCOPES);
  const grantId = await grant.save();
  await rememberSignIn(deps, grantId, result.signIn as SignInFacts);
  return grant;
}

/**
 * Koa middleware around the library: an error that Keycloak would turn into a loop becomes our own page, by whatever
 * response mode it would have gone out.
 */
function refuseByPage(provider: Provider, deps: SsoDeps) {
  const failures = new WeakMap<KoaContextWithOIDC['req'], string>();
  provider.on('authorization.error', (ctx, error) => failures.set(ctx.req, error.error));
  provider.on('server_error', (ctx, error) => {
    deps.log.error({ err: error }, 'the identity provider failed');
    failures.set(ctx.req, 'server_error');
  });
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    const error = failures.get(ctx.req);
    const toBrowser = ctx.oidc?.route === 'authorization' || ctx.oidc?.route === 'resume';
    if (error === undefined || HARMLESS.has(error) || !toBrowser || isOurPage(ctx)) return;
    deps.log.warn({ error }, 'a request of Keycloak was refused by page');
    ctx.remove('location');
    renderRefusal(ctx, deps.config.appUrl, error === 'server_error' ? 'internal' : 'request_unknown');
  };
}

/** The library has shown the error through `renderError` already. */
function isOurPage(ctx: KoaContextWithOIDC): boolean {
  return ctx.status >= 400 && !ctx.response.get('location');
}

function refusalCodeOf(error: Error): RefusalCode {
  if (error instanceof errors.SessionNotFound) return 'request_expired';
  return error instanceof errors.OIDCProviderError && error.expose ? 'request_unknown' : 'internal';
}

function renderRefusal(ctx: KoaContextWithOIDC, appUrl: string, code: RefusalCode): void {
  const page = refusalPage({ code, appUrl });
  ctx.status = page.status;
  ctx.set(page.headers);
  ctx.body = page.html;
}

/**
 * The request as the library may see it: its session cookies are cut, since the next person of this browser would
 * otherwise be signed in as the previous one; host and scheme are the configured ones.
 */
function prepare(req: IncomingMessage, baseUrl: string): IncomingMessage {
  const { host, protocol } = new URL(baseUrl);
  const kept = (req.headers.cookie ?? '').split(';').filter((pair) => !/^\s*_session\b/.test(pair));
  req.headers.cookie = kept.join(';');
  req.headers['x-forwarded-host'] = host;
  req.headers['x-forwarded-proto'] = protocol.slice(0, -1);
  return req;
}
