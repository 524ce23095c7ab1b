// The demo app: a page that signs people in with Keycloak and shows what an application gets to know about them.
// Its sessions are in memory. Each sign-in is bound to the browser that began it, by a cookie.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWTPayload } from 'jose';
import { type Html, html } from '../html.ts';
import { newSecret } from '../ids.ts';
import {
  beginSignIn,
  type DemoClient,
  finishSignIn,
  type PendingSignIn,
  type SignedIn,
  signOutUrl,
} from './demo-sign-in.ts';
import { sendJson, sendPage, startLocalServer } from './local-http.ts';
import { page } from './local-page.ts';
import { refuseInProduction } from './trouble.ts';

// Cookies are shared by all ports of a host, so the name is the app's own.
const COOKIE = 'demo_app_session';
const HINTS = ['login_hint', 'kc_idp_hint'];
const MOST_PENDING = 20;

type Session = { signedIn?: SignedIn; pending: PendingSignIn[] };

type App = { readonly client: DemoClient; readonly baseUrl: string; readonly sessions: Map<string, Session> };

export type DemoApp = {
  /** The client in Keycloak must allow every address below it. */
  readonly url: string;
  stop(): Promise<void>;
};

/** Starts the app on 127.0.0.1 (port 0: any free one). Throws StartTrouble `not_in_production`, `port_taken`. */
export async function startDemoApp(input: {
  readonly port: number;
  readonly keycloakUrl: string;
  readonly realm: string;
  readonly clientId: string;
}): Promise<DemoApp> {
  refuseInProduction('The demo app');
  const sessions = new Map<string, Session>();
  const issuer = `${input.keycloakUrl}/realms/${encodeURIComponent(input.realm)}`;
  const appAt = (baseUrl: string): App => ({
    baseUrl,
    sessions,
    client: { issuer, clientId: input.clientId, redirectUri: `${baseUrl}/callback` },
  });
  const server = await startLocalServer(input.port, (request, response, baseUrl) =>
    answer(appAt(baseUrl), request, response),
  );
  return server;
}

async function answer(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', app.baseUrl);
  // One address only: the cookie and the redirect address belong to it.
  if (`http://${request.headers.host}` !== app.baseUrl) return redirect(response, `${app.baseUrl}${request.url}`);
  const session = findSession(app, request);
  switch (url.pathname) {
    case '/':
      return sendPage(response, 200, session?.signedIn ? personPage(session.signedIn) : homePage());
    case '/login':
      return startLogin(app, session, url.searchParams, response);
    case '/callback':
      return endLogin(app, session, url.searchParams, response);
    case '/logout':
      return logOut(app, request, session, response);
    case '/me.json':
      return session?.signedIn
        ? sendJson(response, 200, session.signedIn.accessClaims)
        : sendJson(response, 401, { error: 'not signed in' });
    default:
      return sendPage(response, 404, troublePage('There is no such page.'));
  }
}

function startLogin(app: App, session: Session | undefined, query: URLSearchParams, response: ServerResponse): void {
  const hints = Object.fromEntries(
    HINTS.flatMap((name) => (query.get(name) ? [[name, query.get(name) as string]] : [])),
  );
  const { url, pending } = beginSignIn(app.client, hints);
  if (session === undefined) {
    openSession(app, response, { pending: [pending] });
  } else {
    session.pending = [pending, ...session.pending].slice(0, MOST_PENDING);
  }
  redirect(response, url);
}

async function endLogin(
  app: App,
  session: Session | undefined,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const refusal = query.get('error');
  if (refusal !== null) {
    return sendPage(response, 400, troublePage(query.get('error_description') ?? '', refusal));
  }
  const pending = session?.pending.find((candidate) => candidate.state === query.get('state'));
  if (session === undefined || pending === undefined) {
    return sendPage(response, 400, troublePage('This sign-in was not begun in this browser, or it is over already.'));
  }
  session.pending = session.pending.filter((candidate) => candidate !== pending);
  try {
    const signedIn = await finishSignIn(app.client, pending, query.get('code') ?? '');
    // A new session for whoever signed in: the one from before must not be worth anything.
    dropSession(app, session);
    openSession(app, response, { signedIn, pending: [] });
    redirect(response, '/');
  } catch (error) {
    sendPage(response, 502, troublePage(error instanceof Error ? error.message : String(error)));
  }
}

function logOut(app: App, request: IncomingMessage, session: Session | undefined, response: ServerResponse): void {
  if (session !== undefined) dropSession(app, session);
  response.setHeader('set-cookie', `${COOKIE}=; Path=/; Max-Age=0`);
  const idToken = session?.signedIn?.idToken;
  const home = `http://${request.headers.host}/`;
  redirect(response, idToken === undefined ? '/' : signOutUrl(app.client, idToken, home));
}

function findSession(app: App, request: IncomingMessage): Session | undefined {
  const cookies = (request.headers.cookie ?? '').split(/; */);
  const id = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  return id === undefined ? undefined : app.sessions.get(id);
}

function openSession(app: App, response: ServerResponse, session: Session): void {
  const id = newSecret();
  app.sessions.set(id, session);
  response.setHeader('set-cookie', `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`);
}

function dropSession(app: App, session: Session): void {
  for (const [id, candidate] of app.sessions) if (candidate === session) app.sessions.delete(id);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'no-store' }).end();
}

function homePage(): string {
  return page(
    'Demo app',
    html`<h1>Demo app</h1><p>A stand-in for your application. It knows only Keycloak.</p>
<p><a class="button" id="sign-in" href="/login">Sign in</a></p>
<h2>Or with your work address</h2>
<form action="/login"><input type="email" name="login_hint" placeholder="you@company.example" required aria-label="E-mail address">
<button>Continue</button></form>`,
  );
}

function troublePage(reason: string, code?: string): string {
  return page(
    'Sign-in failed',
    html`<h1>You are not signed in</h1><p id="reason">${reason || 'Keycloak refused the sign-in.'}</p>
${code === undefined ? undefined : html`<p class="muted">Code: <span id="error">${code}</span></p>`}
<p><a class="button" href="/login">Try again</a> <a href="/">Home</a></p>`,
  );
}

type OrganizationClaim = Record<string, { readonly id?: string; readonly groups?: readonly string[] }>;

function personPage({ idClaims, accessClaims }: SignedIn): string {
  const organizations = Object.entries((accessClaims.organization ?? {}) as OrganizationClaim);
  const read = (name: string) => String(accessClaims[name] ?? idClaims[name] ?? '');
  return page(
    'Signed in',
    html`<h1>Signed in as <span id="name">${read('name') || read('preferred_username')}</span></h1>
<table><tr><th>E-mail</th><td id="email">${read('email')}</td></tr>
<tr><th>Person</th><td id="person-id">${read('person_id')}</td></tr></table>
${organizations.map(([key, claim]) => organizationPart(key, claim.groups ?? []))}
${organizations.length === 0 ? html`<p>No organization.</p>` : undefined}
<h2>The access token's claims</h2><pre id="claims">${JSON.stringify(accessClaims satisfies JWTPayload, null, 2)}</pre>
<p><a id="sign-out" href="/logout">Sign out</a></p>`,
  );
}

/** Role groups are `/roles/<role>`; every other path is a team. */
function organizationPart(key: string, groups: readonly string[]): Html {
  const isRole = (path: string) => path.startsWith('/roles/');
  const tags = (names: readonly string[]) =>
    names.length === 0
      ? html`<span class="muted">none</span>`
      : names.map((name) => html`<span class="tag">${name}</span>`);
  const roles = groups.filter(isRole).map((path) => path.slice('/roles/'.length));
  const teams = groups.filter((path) => !isRole(path) && path !== '/roles').map((path) => path.slice(1));
  return html`<section data-organization="${key}"><h2>${key}</h2>
<table><tr><th>Role</th><td class="roles">${tags(roles)}</td></tr>
<tr><th>Teams</th><td class="teams">${tags(teams)}</td></tr></table></section>`;
}
