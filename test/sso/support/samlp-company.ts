// A company whose identity provider is samlp (Auth0's), under another site than Drawbridge: a second implementation of
// SAML that shares no code with ours. It checks our signatures, signs, encrypts, and logs out in both directions.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inflateRawSync } from 'node:zlib';
import express, { type Request } from 'express';
import samlp from 'samlp';
import { type IdpKey, makeKey } from '../../support/saml-idp.ts';

export type SamlpCompany = Awaited<ReturnType<typeof startSamlpCompany>>;

type ServiceProvider = { readonly entityId: string; readonly sloUrl: string; readonly certificate: string };

const EMAIL_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

export async function startSamlpCompany() {
  const key: IdpKey = makeKey('rsa', 'samlp.company.test');
  const privateKey = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const state = {
    /** Who sits at the browser. */
    name: 'alice',
    domain: 'samlp.test',
    groups: [] as string[],
    /** What samlp is told beyond the usual. */
    options: {} as Record<string, unknown>,
    serviceProvider: undefined as ServiceProvider | undefined,
    /** Session index -> whose session it is. */
    sessions: new Map<string, string>(),
    /** What the binding of its last sign-in was, and what went wrong at its side. */
    bindings: [] as string[],
    errors: [] as string[],
  };
  const own = () => ({ issuer: `${base}/metadata`, cert: key.certificate, key: privateKey, ...state.options });

  const app = express();
  app.use(express.urlencoded({ extended: false, limit: '1mb' }));
  app.get('/metadata', (req, res, next) =>
    samlp.metadata({
      ...own(),
      redirectEndpointPath: '/sso',
      postEndpointPath: '/sso',
      logoutEndpointPaths: { redirect: '/slo', post: '/slo' },
    })(req, res, next),
  );
  app.all('/sso', (req, res, next) => {
    const sessionIndex = `session-${state.sessions.size + 1}`;
    const nameId = `${state.name}@${state.domain}`;
    state.bindings.push(req.method);
    state.sessions.set(sessionIndex, nameId);
    const acs = acsUrlOf(req);
    samlp.auth({
      ...own(),
      destination: acs,
      recipient: acs,
      sessionIndex,
      nameIdentifierFormat: EMAIL_FORMAT,
      ...(state.serviceProvider ? { signingCert: state.serviceProvider.certificate } : {}),
      getPostURL: (_audience: string, _request: unknown, _req: Request, done: (error: null, url: string) => void) =>
        done(null, acs),
      getUserFromRequest: () => ({
        id: nameId,
        emails: [{ value: nameId }],
        displayName: state.name,
        name: { givenName: state.name, familyName: 'Samlp' },
        groups: state.groups,
      }),
    })(req, res, next);
  });
  app.all('/slo', (req, res, next) => {
    // samlp was written for Express 4, where a GET has a body too
    req.body ??= {};
    const sp = state.serviceProvider;
    if (!sp) return next(new Error('no service provider'));
    samlp.logout({
      ...own(),
      deflate: true,
      protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
      sessionParticipants: participants(state.sessions, sp),
      store,
    })(req, res, next);
  });
  app.use((error: unknown, _req: Request, res: express.Response, _next: express.NextFunction) => {
    state.errors.push(String(error));
    res.status(500).send(`<p>samlp: ${String(error)}</p>`);
  });

  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    state,
    base,
    key,
    metadataXml: async () => (await fetch(`${base}/metadata`)).text(),
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Every assertion consumer of Drawbridge stands beside its metadata, which is the entity ID in `Issuer`. */
function acsUrlOf(req: Request): string {
  const message = String(req.query.SAMLRequest ?? (req.body as Record<string, unknown>).SAMLRequest);
  const bytes = Buffer.from(message, 'base64');
  const xml = bytes[0] === 60 ? bytes.toString() : inflateRawSync(bytes).toString();
  return /AssertionConsumerServiceURL="([^"]+)"/.exec(xml)?.[1] ?? '';
}

/** As samlp asks for them: by issuer, session indexes and NameID. */
function participants(sessions: Map<string, string>, sp: ServiceProvider) {
  const of = (sessionIndex: string) => ({
    serviceProviderId: sp.entityId,
    serviceProviderLogoutURL: sp.sloUrl,
    nameId: sessions.get(sessionIndex),
    nameIdFormat: EMAIL_FORMAT,
    sessionIndex,
    cert: sp.certificate,
  });
  type Found = (error: null, value?: unknown) => void;
  return {
    get(_issuer: string, indexes: string[], nameId: string, done: Found) {
      const index = (indexes ?? []).find((one) => sessions.get(one) === nameId);
      return done(null, index === undefined ? undefined : of(index));
    },
    hasElements: () => sessions.size > 0,
    getFirst(done: Found) {
      const [first] = sessions.keys();
      return done(null, first === undefined ? undefined : of(first));
    },
    remove(_issuer: string, index: string, _nameId: string, done: Found) {
      sessions.delete(index);
      return done(null);
    },
  };
}

/** Transactions of a logout, kept beyond one request. */
const kept = new Map<string, unknown>();
type Loaded = (error: null, value?: unknown) => void;
const store = {
  save(_req: Request, value: unknown, done: Loaded) {
    const handle = `state-${kept.size + 1}`;
    kept.set(handle, value);
    done(null, handle);
  },
  load(_req: Request, handle: string, ...rest: [Loaded] | [object, Loaded]) {
    (rest.at(-1) as Loaded)(null, kept.get(handle));
  },
  update(_req: Request, handle: string, value: unknown, done: Loaded) {
    kept.set(handle, value);
    done(null);
  },
};
