// A child process of the bench: the least OpenID provider that a relying party can finish a login with. The code is the
// nonce; each answer is an ID token signed with RS256. What it costs is not counted: it has a process of its own.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const keys = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(keys.publicKey)), alg: 'RS256', use: 'sig', kid: 'bench' };

const server = createServer(async (request, response) => {
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = async (): Promise<object> => {
    if (request.url === '/jwks') return { keys: [jwk] };
    if (request.url !== '/token') return discovery(issuer);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const nonce = new URLSearchParams(Buffer.concat(chunks).toString()).get('code') ?? '';
    const claims = { nonce, email: 'ada@bench.test', email_verified: true, groups: ['Engineering', 'Research'] };
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
      .setIssuer(issuer)
      .setAudience('bench')
      .setSubject('ada')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(keys.privateKey);
    return { access_token: 'unused', token_type: 'Bearer', expires_in: 300, id_token: idToken };
  };
  const body = JSON.stringify(await answer());
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
}

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
