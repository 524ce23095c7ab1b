// Filter text -> tree (RFC 7644 section 3.4.2.2 and, for PATCH paths, section 3.5.2): `not` binds before `and`, `and`
// before `or`. Reads each character once; nesting is bounded, so no input takes long.
import type { Comparison } from '../../src/directory/directory-filter.ts';
import type { FilterNode, PatchPath } from './filter.ts';
import { Lexer } from './lexer.ts';

const DEEPEST = 20;
const COMPARISONS = new Set<string>(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] satisfies Comparison[]);

/** Throws `invalid_filter` with the place and the reason. */
export function parseFilter(text: string): FilterNode {
  const lexer = new Lexer(text, 'invalid_filter');
  const filter = readOr(lexer, 0);
  if (!lexer.isAtEnd()) throw lexer.refusal('Something stands after the end of the filter');
  return filter;
}

/** Throws `invalid_path` with the place and the reason. */
export function parsePatchPath(text: string): PatchPath {
  const lexer = new Lexer(text, 'invalid_path');
  const name = lexer.expectName('An attribute');
  let filter: FilterNode | undefined;
  let sub: string | undefined;
  if (lexer.takeMark('[')) {
    filter = readOr(lexer, 1);
    lexer.expectMark(']');
    if (lexer.takeMark('.')) sub = lexer.expectName('A sub-attribute');
  }
  if (!lexer.isAtEnd()) throw lexer.refusal('Something stands after the end of the path');
  return { name, filter, sub };
}

function readOr(lexer: Lexer, depth: number): FilterNode {
  if (depth > DEEPEST) throw lexer.refusal(`It is nested deeper than ${DEEPEST} levels`);
  return readChain(lexer, 'or', () => readChain(lexer, 'and', () => readTerm(lexer, depth)));
}

function readChain(lexer: Lexer, word: 'and' | 'or', readPart: () => FilterNode): FilterNode {
  const first = readPart();
  if (!lexer.takeWord(word)) return first;
  const of = [first, readPart()];
  while (lexer.takeWord(word)) of.push(readPart());
  return { kind: word, of };
}

function readTerm(lexer: Lexer, depth: number): FilterNode {
  if (lexer.takeMark('(')) return readGroup(lexer, depth);
  const name = lexer.expectName('An attribute');
  if (name.toLowerCase() === 'not' && lexer.takeMark('(')) return { kind: 'not', of: readGroup(lexer, depth) };
  if (lexer.takeMark('[')) return readElement(lexer, name, depth);
  return readComparison(lexer, name);
}

function readGroup(lexer: Lexer, depth: number): FilterNode {
  const filter = readOr(lexer, depth + 1);
  lexer.expectMark(')');
  return filter;
}

/** After `emails[`; a comparison may follow the bracket (`emails[type eq "work"].value eq "a@b"`, as Entra asks). */
function readElement(lexer: Lexer, name: string, depth: number): FilterNode {
  const filter = readOr(lexer, depth + 1);
  lexer.expectMark(']');
  if (!lexer.takeMark('.')) return { kind: 'element', name, of: filter };
  const comparison = readComparison(lexer, lexer.expectName('A sub-attribute'));
  return { kind: 'element', name, of: { kind: 'and', of: [filter, comparison] } };
}

function readComparison(lexer: Lexer, name: string): FilterNode {
  const operator = lexer.expectName('An operator').toLowerCase();
  if (operator === 'pr') return { kind: 'present', name };
  if (!COMPARISONS.has(operator)) throw lexer.refusal(`"${operator}" is no operator`);
  return { kind: 'compare', name, op: operator as Comparison, value: lexer.expectValue() };
}
