// Idempotency-Key: key, hash of the request and effect are one transaction, so a repeat finds all of it or nothing. The
// same key with another request is 409; a request that failed left nothing and may be repeated under its key.
import { createHash } from 'node:crypto';
import type { Database, Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Answer } from './endpoint.ts';

const KEY_FORM = /^[\x21-\x7e]{1,200}$/;

type Row = { request_hash: Buffer; status: number; body: unknown; location: string | null };

export type IdempotentRequest = {
  readonly orgId: string;
  readonly key: string;
  readonly hash: Buffer;
  /** Fields of the answer that are not kept. */
  readonly secrets: readonly string[];
};

export type IdempotentAnswer = Answer & { readonly replayed: boolean };

/** Throws `invalid_request` for a key that is not 1 to 200 visible ASCII characters. */
export function checkIdempotencyKey(key: string): void {
  if (!KEY_FORM.test(key)) {
    throw new DomainError('invalid_request', 'An Idempotency-Key has 1 to 200 visible ASCII characters.');
  }
}

/** What makes two requests the same: caller, operation, address and body. */
export function hashRequest(parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest();
}

/** Runs `work` once for this key; a later call gets the first one's answer. Two at the same time wait for each other. */
export function answerOnce(
  db: Database,
  request: IdempotentRequest,
  work: () => Promise<Answer>,
): Promise<IdempotentAnswer> {
  return db.inSharedTransaction(request.orgId, async (tx) => {
    if (!(await claim(tx, request))) return replay(tx, request);
    const answer = await work();
    await keep(tx, request, answer);
    return { ...answer, replayed: false };
  });
}

/** A claim by a transaction that is still running makes this one wait for its end. */
async function claim(tx: Tx, { orgId, key, hash }: IdempotentRequest): Promise<boolean> {
  const rows = await tx.query({
    text: `insert into idempotency_key (org_id, key, request_hash, status) values ($1, $2, $3, 0)
      on conflict (org_id, key) do nothing returning key`,
    values: [orgId, key, hash],
  });
  return rows.length === 1;
}

async function replay(tx: Tx, { orgId, key, hash }: IdempotentRequest): Promise<IdempotentAnswer> {
  const [row] = await tx.query<Row>({
    text: 'select request_hash, status, body, location from idempotency_key where org_id = $1 and key = $2',
    values: [orgId, key],
  });
  if (!row) throw new DomainError('conflict', 'The first request under this Idempotency-Key has just ended. Repeat.');
  if (!row.request_hash.equals(hash)) {
    throw new DomainError('conflict', 'This Idempotency-Key was used for another request.');
  }
  const location = row.location === null ? {} : { location: row.location };
  return { status: row.status, ...(row.body === null ? {} : { body: row.body }), ...location, replayed: true };
}

async function keep(tx: Tx, { orgId, key, secrets }: IdempotentRequest, answer: Answer): Promise<void> {
  await tx.query({
    text: 'update idempotency_key set status = $3, body = $4, location = $5 where org_id = $1 and key = $2',
    values: [orgId, key, answer.status, withoutSecrets(answer.body, secrets), answer.location ?? null],
  });
}

function withoutSecrets(body: unknown, secrets: readonly string[]): string | null {
  if (body === undefined) return null;
  return JSON.stringify(body, (name, value: unknown) => (secrets.includes(name) ? null : value));
}
