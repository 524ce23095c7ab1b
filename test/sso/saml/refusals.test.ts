// The table of refusals, and what a refusal tells.
import { describe, expect, test } from 'vitest';
import { SAML_REFUSALS } from '../../../sso/saml/refusals.ts';
import { responseXml } from '../../support/saml-idp.ts';
import { parts, verify } from './company.ts';

const status = (code: string, second = '') =>
  `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${code}">${second}</samlp:StatusCode>`;

describe('refusals', () => {
  test('each has a cause and a cure, in sentences', () => {
    for (const [code, { cause, cure }] of Object.entries(SAML_REFUSALS)) {
      expect(`${code}: ${cause}`).toMatch(/: [A-Z].*\.$/);
      expect(`${code}: ${cure}`).toMatch(/: .*\.$/);
    }
  });

  test('a refusal by the identity provider says what it said, on one bounded line', () => {
    const message = `<samlp:StatusMessage>Not\nassigned ${'x'.repeat(500)}</samlp:StatusMessage>`;
    const result = verify(responseXml(parts({ status: status('Responder') + message }), ''));
    expect(result).toMatchObject({ ok: false, refusal: 'status' });
    const detail = result.ok ? '' : result.detail;
    expect(detail).toContain('status:Responder');
    expect(detail).toContain('Not assigned');
    expect(detail).not.toContain('\n');
    expect(detail.length).toBeLessThan(500);
  });
});
