// Reads and writes test sign-ins, and what a success says of the connection.
import type { Queryable, Tx } from '../../src/db/database.ts';
import type { ConnectionTest, TestOutcome, TestResult } from './connection-test.ts';

type Row = {
  org_id: string;
  id: string;
  connection_id: string;
  principal: string;
  member_id: string | null;
  outcome: TestOutcome;
  trace_id: string | null;
  result: TestResult | null;
  at: Date;
  expires_at: Date;
};

const COLUMNS = 'org_id, id, connection_id, principal, member_id, outcome, trace_id, result, at, expires_at';

export async function insertTest(
  tx: Tx,
  test: Pick<ConnectionTest, 'id' | 'connectionId' | 'principal' | 'at' | 'expiresAt'>,
  hash: Buffer,
): Promise<void> {
  await tx.query({
    text: `insert into connection_test (org_id, id, connection_id, principal, trust_version, at, expires_at)
      select c.org_id, $3, c.id, $4, c.trust_version, $5, $6 from connection c where c.org_id = $1 and c.id = $2`,
    values: [tx.orgId, test.connectionId, test.id, test.principal, test.at, test.expiresAt],
  });
  await tx.query({
    text: `select issue_credential($1, 'connection_test', $2, $3, $4)`,
    values: [hash, tx.orgId, test.id, test.expiresAt],
  });
}

/** Opens a test, once. Answers whether this was the time. */
export async function startTest(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx.query({
    text: `update connection_test set outcome = 'started' where org_id = $1 and id = $2 and outcome = 'open'
      and expires_at > $3 returning id`,
    values: [tx.orgId, id, at],
  });
  return rows.length > 0;
}

export async function finishTestRow(
  tx: Tx,
  test: {
    readonly id: string;
    readonly outcome: 'passed' | 'refused';
    readonly memberId: string | undefined;
    readonly traceId: string;
    readonly trustVersion: number;
    readonly result: TestResult;
    readonly at: Date;
  },
): Promise<void> {
  await tx.query({
    text: `update connection_test set outcome = $3, member_id = $4, trace_id = $5, trust_version = $6, result = $7, at = $8
      where org_id = $1 and id = $2`,
    values: [
      tx.orgId,
      test.id,
      test.outcome,
      test.memberId ?? null,
      test.traceId,
      test.trustVersion,
      test.result,
      test.at,
    ],
  });
}

/** The settings of that version are tested; a draft becomes `tested`. Others than those are no more these settings. */
export async function noteTested(tx: Tx, connectionId: string, trustVersion: number): Promise<void> {
  await tx.query({
    text: `update connection set tested_version = $3, status = case status when 'draft' then 'tested' else status end
      where org_id = $1 and id = $2 and trust_version = $3`,
    values: [tx.orgId, connectionId, trustVersion],
  });
}

/**
 * In a transaction that will be rolled back: the connection as it will be once it is active, in the place of those that
 * assert one of its domains now.
 */
export async function assumeActive(tx: Tx, connectionId: string): Promise<void> {
  await tx.query({
    text: `update connection o set status = 'disabled' from connection c
      where c.org_id = $1 and c.id = $2 and o.org_id = $1 and o.id <> $2 and o.status = 'active'
        and exists (select from jsonb_array_elements_text(c.settings -> 'domains') d where o.settings -> 'domains' ? d)`,
    values: [tx.orgId, connectionId],
  });
  await tx.query({
    text: `update connection set status = 'active' where org_id = $1 and id = $2 and status <> 'active'`,
    values: [tx.orgId, connectionId],
  });
}

export async function findTest(queryable: Queryable, orgId: string, id: string): Promise<ConnectionTest | undefined> {
  const [row] = await queryable.query<Row>({
    text: `select ${COLUMNS} from connection_test where org_id = $1 and id = $2`,
    values: [orgId, id],
  });
  return row && fromRow(row);
}

/** Newest first. */
export async function listTests(
  queryable: Queryable,
  orgId: string,
  connectionId: string,
  limit: number,
): Promise<ConnectionTest[]> {
  const rows = await queryable.query<Row>({
    text: `select ${COLUMNS} from connection_test where org_id = $1 and connection_id = $2 order by at desc, id desc limit $3`,
    values: [orgId, connectionId, limit],
  });
  return rows.map(fromRow);
}

function fromRow(row: Row): ConnectionTest {
  return {
    orgId: row.org_id,
    id: row.id,
    connectionId: row.connection_id,
    principal: row.principal,
    memberId: row.member_id ?? undefined,
    outcome: row.outcome,
    traceId: row.trace_id ?? undefined,
    result: row.result ?? undefined,
    at: row.at,
    expiresAt: row.expires_at,
  };
}
