// How names and addresses are compared: the database folds them as JavaScript does, so that neither side takes two for one.
import pg from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';

/** Unicode's last assigned characters with a case are in this plane. */
const LAST = 0x1ffff;

test('every character folds in SQL as in JavaScript or stays, and the dotted capital I is no i', async () => {
  await using database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    const characters = Array.from({ length: LAST }, (_, index) => index + 1)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code));
    const { rows } = await client.query<{ c: string; k: string }>(
      'select c, fold_key(c) as k from unnest($1::text[]) c',
      [characters],
    );
    // one side may know newer letters than the other; it leaves what it does not know as it is
    const other = rows.filter(({ c, k }) => k !== c.normalize('NFC').toLowerCase() && k !== c.normalize('NFC'));
    expect(other.map(({ c, k }) => `${c} ${k}`)).toEqual([]);
    expect(rows).toHaveLength(characters.length);
    const { rows: folded } = await client.query<{ k: string }>('select fold_key($1) as k', ['vİctim@gmaİl.test']);
    expect(folded[0]?.k).not.toBe('victim@gmail.test');
  } finally {
    await client.end();
  }
});
