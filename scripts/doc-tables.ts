// Tables in Markdown documents that are made from the code: each stands between two comments that carry its name.

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The document with the tables in their places; throws where a place is missing. */
export function withTables(document: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [open, close] = [`<!-- ${name}: made by npm run docs:tables -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(open), text.indexOf(close)];
    if (from < 0 || to < from) throw new Error(`The document has no place for ${name}.`);
    return `${text.slice(0, from + open.length)}\n\n${table}\n\n${text.slice(to)}`;
  }, document);
}
