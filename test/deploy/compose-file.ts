// Reads docker-compose.yml as Compose would: anchors merged, variables filled in from an environment.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const CLONE = join(import.meta.dirname, '..', '..');

type Service = {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly networks?: { readonly default?: { readonly aliases?: readonly string[] } };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
};

export type ComposeFile = {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
};

export function readComposeText(): string {
  return readFileSync(join(CLONE, 'docker-compose.yml'), 'utf8');
}

/** The names that have no default: Compose refuses to start without them. */
export function requiredVariables(): string[] {
  return [...new Set([...readComposeText().matchAll(/\$\{([A-Z_]+):\?\}/g)].map((match) => match[1] as string))];
}

/** `${NAME:?}` takes the value of `variables` or throws, `${NAME:-text}` falls back to the text, `$$` is one dollar. */
export function readComposeFile(variables: Readonly<Record<string, string>>): ComposeFile {
  const fill = (text: string) =>
    text.replace(/\$\$|\$\{([A-Z_]+)(:\?|:-)([^}]*)\}/g, (whole, name?: string, kind?: string, fallback?: string) => {
      if (name === undefined) return '$';
      const value = variables[name] ?? (kind === ':-' ? fallback : undefined);
      if (value === undefined) throw new Error(`${whole} has no value`);
      return value;
    });
  return mapStrings(parse(readComposeText(), { merge: true }), fill) as ComposeFile;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapStrings(item, change)]));
}
