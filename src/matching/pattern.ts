// Patterns that names of groups and values of claims are held against. The engine is RE2, whose time grows with the length
// of pattern and text and with nothing else; what could be large in spite of that (counted repetitions) has a cap. Pure.
import { RE2JS } from 're2js';
import { DomainError } from '../errors.ts';

/** `prefix` and `glob` (`*`, `?`) leave case aside, as exact names do; `regex` is RE2, as written, over the whole value. */
export type PatternKind = 'prefix' | 'glob' | 'regex';

/** A value as it was sent, and folded by the database (`fold_key`). */
export type Matchable = { readonly value: string; readonly key: string };

/** What the named groups of a `regex` caught; empty for the others. */
type Captures = Readonly<Record<string, string>>;

export type Pattern = {
  readonly captureNames: readonly string[];
  /** Undefined = no match. */
  match(candidate: Matchable): Captures | undefined;
};

const PATTERN_LIMITS = { characters: 300, instructions: 2000 } as const;

const NOTHING: Captures = {};

/** `folded`: the pattern folded by the database. Throws `invalid_value`, which says what is wrong with the pattern. */
export function compilePattern(kind: PatternKind, { value, key }: Matchable): Pattern {
  if (value.length > PATTERN_LIMITS.characters) {
    throw new DomainError('invalid_value', `A pattern has at most ${PATTERN_LIMITS.characters} characters.`);
  }
  if (kind === 'prefix') {
    return { captureNames: [], match: (candidate) => (candidate.key.startsWith(key) ? NOTHING : undefined) };
  }
  if (kind === 'glob') {
    const expression = compileExpression(globExpression(key));
    const start = key.slice(0, key.search(/[*?]|$/));
    const fits = (candidate: Matchable) => candidate.key.startsWith(start) && expression.testExact(candidate.key);
    return { captureNames: [], match: (candidate) => (fits(candidate) ? NOTHING : undefined) };
  }
  const expression = compileExpression(value);
  const captureNames = Object.keys(expression.namedGroups());
  const start = literalStart(value);
  return {
    captureNames,
    match: (candidate) => (candidate.value.startsWith(start) ? capture(expression, candidate.value) : undefined),
  };
}

/**
 * What everything that a whole expression matches begins with. The engine is not asked about the rest: with hundreds of
 * patterns and thousands of values it would be most of a sign-in. Empty where that takes more than a look at the text.
 */
function literalStart(expression: string): string {
  if (expression.includes('|')) return '';
  const [, literal = '', quantifier] = /^\^?([^\\.[\](){}*+?^$]*)([*+?{]?)/u.exec(expression) ?? [];
  return quantifier === '' ? literal : [...literal].slice(0, -1).join('');
}

function compileExpression(text: string): RE2JS {
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(text, RE2JS.DOTALL);
  } catch (error) {
    throw new DomainError('invalid_value', `The pattern is not one of RE2: ${(error as Error).message}.`);
  }
  if (expression.programSize() > PATTERN_LIMITS.instructions) {
    throw new DomainError('invalid_value', 'The pattern is too large: write smaller numbers of repetitions.');
  }
  return expression;
}

function globExpression(glob: string): string {
  return glob.replaceAll(/[*?]|[^*?]+/g, (part) => {
    if (part === '*') return '.*';
    return part === '?' ? '.' : RE2JS.quote(part);
  });
}

function capture(expression: RE2JS, value: string): Captures | undefined {
  if (!expression.testExact(value)) return undefined;
  const matcher = expression.matcher(value);
  if (!matcher.matches()) return undefined;
  const caught = Object.entries(matcher.getNamedGroups()).map(([name, text]) => [name, text ?? ''] as const);
  return Object.fromEntries(caught);
}
