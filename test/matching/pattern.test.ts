// A pattern asks its engine only about values that begin as everything does which it can match. Held against the engine alone.
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { compilePattern } from '../../src/matching/pattern.ts';

const letter = fc.constantFrom('a', 'b', 'ß', '😀', '-');
const piece = fc.oneof(
  { weight: 4, arbitrary: letter },
  { weight: 2, arbitrary: fc.tuple(letter, fc.constantFrom('*', '+', '?', '{0,2}', '{2}')).map((two) => two.join('')) },
  fc.constantFrom('^', '$', '.', '|', '(?i)', '(a|b)', '(?<n>b?)', '[ab]', '\\Qa*\\E', '\\x61', '}', ']'),
);

test('a regular expression matches what its engine says, whatever it begins with', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join('')),
      fc.array(fc.array(fc.oneof(letter, fc.constantFrom('A', '*', '}', ']')), { maxLength: 5 }), { minLength: 5 }),
      (expression, values) => {
        fc.pre(isValid(expression));
        const engine = RE2JS.compile(expression, RE2JS.DOTALL);
        const pattern = compilePattern('regex', { value: expression, key: expression });
        for (const value of values.map((letters) => letters.join(''))) {
          expect([value, pattern.match({ value, key: value }) !== undefined]).toEqual([value, engine.testExact(value)]);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

function isValid(expression: string): boolean {
  try {
    RE2JS.compile(expression, RE2JS.DOTALL);
    return true;
  } catch {
    return false;
  }
}
