// Connections to Postgres, each lent out for one organization or for none (law 5). The organization is a setting of the
// session, changed only when the borrower's differs from the one before; row-level security reads it.
import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { DomainError } from '../errors.ts';
import { asDomainError } from './errors.ts';
import { repeatUndone } from './repeat.ts';

export type Statement = { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] };

/** Runs statements: a pooled connection inside a transaction, or one statement of its own. */
export type Queryable = {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<Row[]>;
};

/** A transaction, scoped to one organization. Commits when the function that got it returns. */
export type Tx = Queryable & { readonly orgId: string };

type Lent = pg.PoolClient & { lentTo?: string };

const NO_ORGANIZATION = '';

/** One pool of one database role. `close()` waits for what is running. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #shared = new AsyncLocalStorage<Tx>();

  /** `size` connections at most; a statement that runs longer than `statementTimeoutMs` is ended by the server. */
  constructor(url: string, options: { size: number; statementTimeoutMs?: number; applicationName?: string }) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: options.size,
      // Hot rows are in memory or on flash: by the default of 4, a page of a list would be sorted from the whole directory.
      // Statements are short: compiling one, as the figures of a table not analyzed yet suggest, takes longer than it does.
      options: '-c random_page_cost=1.1 -c jit=off',
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      application_name: options.applicationName ?? 'drawbridge',
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      types: { getTypeParser },
    });
    // An idle connection that breaks is dropped by the pool; the next borrower gets a new one or a clear error.
    this.#pool.on('error', () => {});
    // One that breaks while lent out fails its borrower's statement; without a listener it would end the process too.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** One statement for one organization, outside any transaction. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(orgId: string, statement: Statement): Promise<Row[]> {
    const shared = this.#sharedBy(orgId);
    // a statement that is refused must leave the shared transaction able to go on, as it leaves a connection of its own
    if (shared) return inSavepoint(shared, (tx) => tx.query<Row>(statement));
    return this.#lend(orgId, (client) => run<Row>(client, statement));
  }

  /** One statement that belongs to no organization: realm tables and the listed SECURITY DEFINER functions. */
  realm<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Statement): Promise<Row[]> {
    const shared = this.#shared.getStore();
    return shared ? shared.query<Row>(statement) : this.#lend(NO_ORGANIZATION, (client) => run<Row>(client, statement));
  }

  /**
   * A transaction for one organization. Where Postgres undid it (a deadlock, a serialization failure), `work` runs again
   * from its beginning: it reaches nothing outside the database (law 1).
   */
  inOrg<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const shared = this.#sharedBy(orgId);
    if (shared) return inSavepoint(shared, work);
    return repeatUndone(() => this.#lend(orgId, (client) => inTransaction(client, orgId, work)));
  }

  /**
   * A transaction that everything joins which `work` asks of this Database for the same organization or for none,
   * however deep: so that an idempotency key and the effect of any use case are one (law 1). Not to be nested. It is
   * repeated as inOrg is.
   */
  inSharedTransaction<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const joined = (tx: Tx) => this.#shared.run(tx, () => work(tx));
    return repeatUndone(() => this.#lend(orgId, (client) => inTransaction(client, orgId, joined)));
  }

  /**
   * As inSharedTransaction, but nothing stays: it is rolled back when `work` has answered, whatever it answered. Sequences
   * and what was reached outside the database are the exception.
   */
  dryRun<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#lend(orgId, async (client) => {
      const tx: Tx = { orgId, query: (statement) => run(client, statement) };
      await client.query('begin');
      try {
        return await this.#shared.run(tx, () => work(tx));
      } finally {
        await client.query('rollback');
      }
    });
  }

  /** A transaction on realm tables only. */
  inRealm<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const shared = this.#shared.getStore();
    if (shared) return inSavepoint(shared, work);
    return this.#lend(NO_ORGANIZATION, (client) => inTransaction(client, NO_ORGANIZATION, work));
  }

  /** Holds one connection without an organization, for session-wide locks and LISTEN. */
  withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.#lend(NO_ORGANIZATION, work);
  }

  /** Connections of the pool, for metrics. */
  get connections(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    return { open: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  /** Whether what is asked here for this organization joins a shared transaction. */
  isShared(orgId: string): boolean {
    return this.#sharedBy(orgId) !== undefined;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  #sharedBy(orgId: string): Tx | undefined {
    const shared = this.#shared.getStore();
    return shared?.orgId === orgId ? shared : undefined;
  }

  async #lend<T>(orgId: string, work: (client: Lent) => Promise<T>): Promise<T> {
    let client: Lent;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw asDomainError(error);
    }
    let broken = false;
    try {
      if ((client.lentTo ?? NO_ORGANIZATION) !== orgId) {
        await client.query({
          name: 'scope',
          text: `select set_config('drawbridge.org_id', $1, false)`,
          values: [orgId],
        });
        client.lentTo = orgId;
      }
      return await work(client);
    } catch (error) {
      const known = asDomainError(error);
      broken = !(error instanceof pg.DatabaseError) && !(error instanceof DomainError);
      throw known;
    } finally {
      client.release(broken);
    }
  }
}

/** As pg reads values, but for times as a session in UTC writes them, which a regular expression of pg's takes apart. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.TIMESTAMPTZ && format === 'text' ? readTime : pg.types.getTypeParser(oid, format);

const UTC_TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;

function readTime(text: string): Date | number | null {
  if (!UTC_TIME.test(text)) return pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text')(text);
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
}

async function run<Row extends pg.QueryResultRow>(client: pg.PoolClient, statement: Statement): Promise<Row[]> {
  const result = await client.query<Row>({
    text: statement.text,
    ...(statement.name ? { name: statement.name } : {}),
    values: statement.values as unknown[],
  });
  return result.rows;
}

async function inTransaction<T>(client: pg.PoolClient, orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx: Tx = { orgId, query: (statement) => run(client, statement) };
  await client.query('begin');
  try {
    const result = await work(tx);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Inside a shared transaction: what fails here is undone here, and the transaction can go on. */
async function inSavepoint<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T> {
  await tx.query({ text: 'savepoint joined' });
  try {
    const result = await work(tx);
    await tx.query({ text: 'release savepoint joined' });
    return result;
  } catch (error) {
    await tx.query({ text: 'rollback to savepoint joined' }).catch(() => {});
    throw asDomainError(error);
  }
}
