// An Issuer names the connection's identity provider and nobody else (SAML core 2.2.5, profiles 4.1.4.2).
import { attribute, token } from './dom.ts';
import { ISSUER_FORMAT_ENTITY } from './names.ts';
import { quoted, Refused } from './refusals.ts';

export function checkIssuerElement(issuers: readonly Element[], expected: string): string {
  const [issuer] = issuers;
  const value = issuer && token(issuer);
  const format = issuer && attribute(issuer, 'Format');
  if (issuers.length !== 1 || value !== expected) {
    throw new Refused('issuer', `${quoted(value)} instead of ${quoted(expected)}`);
  }
  if (format !== undefined && format !== ISSUER_FORMAT_ENTITY)
    throw new Refused('issuer', `the format ${quoted(format)}`);
  return value;
}
