// The keys that sign our ID tokens: made once, kept sealed in Postgres, the same in every process and after a restart.
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'oidc-provider';
import type { CoreDeps } from '../../src/db/core-deps.ts';
import { openBytes, sealBytes } from '../../src/seal.ts';

type Row = { id: string; sealed_jwk: Buffer };

const RSA_BITS = 2048;
const LOCK = 'drawbridge signing keys';

/** The key that signs comes first; the others (next, retired) are published so that tokens signed by them verify. */
export async function loadSigningKeys({ db, clock }: CoreDeps, secretKey: string): Promise<readonly [JWK, ...JWK[]]> {
  const rows = await db.inRealm(async (tx) => {
    // two processes that start on an empty table must end with one key
    await tx.query({ text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))', values: [LOCK] });
    const present = await tx.query<Row>({
      text: `select id, sealed_jwk from signing_key order by (status = 'current') desc, created_at desc`,
    });
    if (present.length > 0) return present;
    const made = await makeKey(secretKey);
    await tx.query({
      text: `insert into signing_key (id, sealed_jwk, status, created_at) values ($1, $2, 'current', $3)`,
      values: [made.id, made.sealed_jwk, clock.now()],
    });
    return [made];
  });
  const [first, ...others] = rows.map((row) => open(secretKey, row));
  return [first as JWK, ...others];
}

async function makeKey(secretKey: string): Promise<Row> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const id = randomUUID();
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: 'RS256' };
  return { id, sealed_jwk: sealBytes(secretKey, purpose(id), Buffer.from(JSON.stringify(jwk))) };
}

function open(secretKey: string, row: Row): JWK {
  return JSON.parse(openBytes(secretKey, purpose(row.id), row.sealed_jwk).toString()) as JWK;
}

function purpose(id: string): string {
  return `signing_key ${id}`;
}
