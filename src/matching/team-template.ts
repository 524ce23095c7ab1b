// The key of a team with `{captures}` in it, such as `eng-{slug}`. Pure.
import { DomainError } from '../errors.ts';

const CAPTURE = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const KEY = /^[a-z0-9][a-z0-9_-]{0,59}$/;

/** Throws `invalid_value` for a template that no captures can make a key of. `names`: those that the pattern has. */
export function checkTemplate(template: string, names: readonly string[]): void {
  const used = [...template.matchAll(CAPTURE)].map(([, name]) => name as string);
  const unknown = used.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new DomainError('invalid_value', `The template names {${unknown}}, which the pattern does not capture.`);
  }
  if (used.length === 0) throw new DomainError('invalid_value', 'A template names at least one capture: eng-{name}.');
  if (!/^[a-z0-9_-]*$/.test(template.replaceAll(CAPTURE, ''))) {
    throw new DomainError('invalid_value', 'Beside captures, a template has lower-case letters, digits, - and _.');
  }
}

/** The team that captures name, or undefined where they make no key within the prefix. The name keeps what was written. */
export function fillTemplate(
  template: string,
  keyPrefix: string,
  captures: Readonly<Record<string, string>>,
): { readonly key: string; readonly name: string } | undefined {
  const key = template
    .replaceAll(CAPTURE, (_whole, name: string) => slugOf(captures[name] ?? ''))
    .replace(/[-_]+$/, '');
  const name = template.replaceAll(CAPTURE, (_whole, capture: string) => captures[capture] ?? '').trim();
  const hasAll = [...template.matchAll(CAPTURE)].every(([, capture = '']) => slugOf(captures[capture] ?? '') !== '');
  if (!hasAll || key === 'roles' || !KEY.test(key) || !key.startsWith(keyPrefix)) return undefined;
  return { key, name: name.slice(0, 200) };
}

/** What a key can hold of a text: `Research & Development` -> `research-development`. */
export function slugOf(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}
