// How a hostile response is tried: it is refused, under the stated name, at the first check that fails.
import { describe, expect, test } from 'vitest';
import type { SamlRefusalCode } from '../../../sso/saml/refusals.ts';
import { type Setting, verify } from './company.ts';

export type Case = readonly [what: string, refusal: SamlRefusalCode, xml: () => string | Buffer, setting?: Setting];

export function refuses(title: string, cases: readonly Case[]) {
  describe(title, () => {
    for (const [what, refusal, xml, setting] of cases) {
      test(`${what}: ${refusal}`, () => {
        const result = verify(xml(), setting);
        expect(result).toMatchObject({ ok: false, refusal });
        expect(result.checks.at(-1)).toMatchObject({ ok: false });
        expect(result.checks.filter(({ ok }) => !ok)).toHaveLength(1);
      });
    }
  });
}
