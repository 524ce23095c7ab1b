// The keys of our OIDC provider in Postgres: sealed, the same in every process and after a restart, changed by one process
// at a time.
import { generateKeyPair, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { JSONWebKeySet, JWK } from 'jose';
import type { CoreDeps } from '../../src/db/core-deps.ts';
import type { Queryable } from '../../src/db/database.ts';
import { openBytes, sealBytes } from '../../src/seal.ts';
import { dueKeyChanges, type KeyChange, type SigningKeyStatus } from './signing-key.ts';

type Row = {
  id: string;
  sealed_jwk: Buffer;
  status: SigningKeyStatus;
  created_at: Date;
  current_since: Date | null;
  retired_at: Date | null;
};

export type SigningKeys = {
  /** The private key that signs. */
  readonly signing: JWK;
  /** All private keys, the one that signs first. */
  readonly all: readonly JWK[];
  /** The public keys of all: the next one, and the retired ones, too. */
  readonly published: JSONWebKeySet;
  /** Changes with the set. */
  readonly version: string;
};

const RSA_BITS = 2048;
const LOCK = 'drawbridge signing keys';
const COLUMNS = 'id, sealed_jwk, status, created_at, current_since, retired_at';

/** Reads the keys; makes the first one where there is none. */
export async function loadSigningKeys(deps: CoreDeps, secretKey: string): Promise<SigningKeys> {
  const present = await readKeys({ query: deps.db.realm.bind(deps.db) });
  const rows = present.some(({ status }) => status === 'current') ? present : await changeKeys(deps, secretKey);
  const all = rows.map((row) => JSON.parse(openBytes(secretKey, purpose(row.id), row.sealed_jwk).toString()) as JWK);
  return {
    signing: all[0] as JWK,
    all,
    published: { keys: all.map(publicPart) },
    version: rows.map(({ id, status }) => `${id} ${status}`).join(', '),
  };
}

/** Makes, promotes and drops what is due. Two processes at once do it once. Answers what was done. */
export async function rotateSigningKeys(deps: CoreDeps, secretKey: string): Promise<readonly KeyChange['kind'][]> {
  const done: KeyChange['kind'][] = [];
  await changeKeys(deps, secretKey, (change) => done.push(change.kind));
  return done;
}

async function changeKeys(
  { db, clock }: CoreDeps,
  secretKey: string,
  onChange: (change: KeyChange) => void = () => {},
): Promise<Row[]> {
  return db.inRealm(async (tx) => {
    // two processes that start on an empty table must end with one key
    await tx.query({ text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))', values: [LOCK] });
    const now = clock.now();
    for (const change of dueKeyChanges((await readKeys(tx)).map(timesOf), now)) {
      await apply(tx, secretKey, change, now);
      onChange(change);
    }
    return readKeys(tx);
  });
}

async function apply(tx: Queryable, secretKey: string, change: KeyChange, now: Date): Promise<void> {
  if (change.kind === 'drop') {
    await tx.query({ text: 'delete from signing_key where id = $1', values: [change.id] });
  } else if (change.kind === 'promote') {
    await tx.query({
      text: `update signing_key set status = 'retired', retired_at = $2 where id = $1`,
      values: [change.retires, now],
    });
    await tx.query({
      text: `update signing_key set status = 'current', current_since = $2 where id = $1`,
      values: [change.id, now],
    });
  } else {
    const id = randomUUID();
    await tx.query({
      text: `insert into signing_key (id, sealed_jwk, status, created_at, current_since) values ($1, $2, $3, $4, $5)`,
      values: [id, await newSealedKey(secretKey, id), change.status, now, change.status === 'current' ? now : null],
    });
  }
}

function readKeys(db: Queryable): Promise<Row[]> {
  return db.query<Row>({
    name: 'sso_signing_keys',
    text: `select ${COLUMNS} from signing_key order by (status = 'current') desc, created_at desc, id`,
  });
}

async function newSealedKey(secretKey: string, id: string): Promise<Buffer> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: 'RS256' };
  return sealBytes(secretKey, purpose(id), Buffer.from(JSON.stringify(jwk)));
}

function timesOf(row: Row) {
  return {
    id: row.id,
    status: row.status,
    createdAt: row.created_at,
    currentSince: row.current_since ?? undefined,
    retiredAt: row.retired_at ?? undefined,
  };
}

function publicPart({ kty, n, e, kid, use, alg }: JWK): JWK {
  return { kty, n, e, kid, use, alg } as JWK;
}

function purpose(id: string): string {
  return `signing_key ${id}`;
}
