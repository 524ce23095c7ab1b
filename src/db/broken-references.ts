// Rows that belong to nobody: what the foreign keys say that are stated and not checked (migration 0052, decision 0009).
import type { Queryable } from './database.ts';

export type BrokenReference = {
  /** Of the foreign key. */
  readonly name: string;
  readonly table: string;
  /** How many rows break it. */
  readonly rows: number;
};

/** Reads all of the tables with such keys; the rights of the worker are needed. Empty where all is well. */
export async function findBrokenReferences(db: Queryable): Promise<BrokenReference[]> {
  const found = await db.query<{ name: string; of_table: string; rows_broken: string }>({
    text: 'select name, of_table, rows_broken from broken_references()',
  });
  return found.map(({ name, of_table, rows_broken }) => ({ name, table: of_table, rows: Number(rows_broken) }));
}
