// Stands where our OIDC provider will: answers Keycloak at once with the claims that a test told it. Checks the client's
// secret, redirect and PKCE (RFC 7636), so that what Keycloak was given is tried too.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { idpClientSecret } from '../../src/keycloak/idp-secret.ts';

/** `tell` sets the claims of the next sign-in; `asked` are the parameters of Keycloak's last request. */
export async function startToldProvider(providerSecret: string) {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const requests = new Map<string, URLSearchParams>();
  let claims: JWTPayload = {};
  let asked = new URLSearchParams();
  let issuer = '';

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    asked = query;
    const code = randomBytes(16).toString('hex');
    requests.set(code, query);
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    response.writeHead(302, { location: back.href }).end();
  }

  async function redeem(body: URLSearchParams, response: ServerResponse): Promise<void> {
    const clientId = body.get('client_id') ?? '';
    const request = requests.get(body.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    const secretRight = body.get('client_secret') === idpClientSecret(providerSecret, clientId);
    if (!request || !secretRight || request.get('code_challenge') !== challenge) {
      response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
      return;
    }
    const idToken = await new SignJWT({ ...claims, nonce: request.get('nonce') ?? undefined })
      .setProtectedHeader({ alg: 'RS256', kid: 'told' })
      .setIssuer(issuer)
      .setAudience(clientId)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: 'none', token_type: 'Bearer', expires_in: 60, id_token: idToken }));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', issuer);
    if (url.pathname === '/oidc/auth') authorize(url.searchParams, response);
    else if (url.pathname === '/oidc/token') await redeem(await bodyOf(request), response);
    else if (url.pathname === '/oidc/jwks') {
      const key = { ...(await exportJWK(publicKey)), kid: 'told', alg: 'RS256', use: 'sig' };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [key] }));
    } else response.writeHead(404).end();
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  issuer = `${baseUrl}/oidc`;
  return {
    baseUrl,
    tell: (next: JWTPayload) => {
      claims = next;
    },
    asked: () => asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return new URLSearchParams(text);
}
