// What it costs to verify a SAML response, beside `@node-saml/node-saml` on the same valid document.
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { decodeBase64 } from '../../sso/saml/base64.ts';
import { verifyResponse } from '../../sso/saml/verify-response.ts';
import {
  ACS_URL,
  attribute,
  connection,
  KEYS,
  parts,
  pem,
  REQUEST_ID,
  SP_ENTITY_ID,
} from '../../test/sso/saml/company.ts';
import { encryptXml, type ResponseParts, responseXml, signXml } from '../../test/support/saml-idp.ts';
import { compareCpu, type Rounds } from './compare-cpu.ts';

export type SamlCost = {
  readonly document: string;
  readonly bytes: number;
  /** Processor milliseconds per response, the median of the rounds. */
  readonly oursMs: number;
  readonly nodeSamlMs: number;
};

type Sample = { readonly document: string; readonly xml: string };

/** Measures a small and a large response, signed and encrypted in the usual ways. */
export async function measureSaml(rounds: Rounds): Promise<SamlCost[]> {
  const costs: SamlCost[] = [];
  for (const { document, xml } of samples()) {
    const field = Buffer.from(xml).toString('base64');
    const theirs = nodeSaml(document.includes('response'), field);
    const { oursMs, theirsMs } = await compareCpu(() => verifyOurs(field), theirs, rounds);
    costs.push({ document, bytes: xml.length, oursMs, nodeSamlMs: theirsMs });
  }
  return costs;
}

/** The measured costs as lines of a Markdown table. */
export function samlTable(costs: readonly SamlCost[]): string[] {
  return [
    '| SAML response | KiB | Drawbridge, CPU ms | node-saml, CPU ms | ours / theirs |',
    '|---|---|---|---|---|',
    ...costs.map(({ document, bytes, oursMs, nodeSamlMs }) => {
      const ratio = (oursMs / nodeSamlMs).toFixed(2);
      return `| ${document} | ${(bytes / 1024).toFixed(1)} | ${oursMs.toFixed(2)} | ${nodeSamlMs.toFixed(2)} | ${ratio} |`;
    }),
  ];
}

function samples(): Sample[] {
  const around = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const made = (changes: Partial<ResponseParts>): string =>
    responseXml(
      parts({
        notBefore: around(-60),
        notOnOrAfter: around(3600),
        confirmationEnd: around(3600),
        authnInstant: around(-30),
        ...changes,
      }),
    );
  const groups = Array.from({ length: 2000 }, (_, number) => `CN=Group ${number},OU=Groups,DC=acme,DC=test`);
  const small = made({});
  const large = made({ attributes: attribute('groups', ...groups) + attribute('mail', 'alice@acme.test') });
  const sign = (xml: string) => signXml(xml, { key: KEYS.idp });
  const signResponse = (xml: string) => signXml(xml, { key: KEYS.idp, element: 'Response' });
  const encrypt = (xml: string) => encryptXml(xml, { certificate: KEYS.sp.certificate });
  return [
    { document: 'assertion signed', xml: sign(small) },
    { document: 'response and assertion signed', xml: signResponse(sign(small)) },
    { document: 'assertion signed and encrypted', xml: encrypt(sign(small)) },
    { document: 'assertion signed, 2,000 groups', xml: sign(large) },
    { document: 'response and assertion signed, 2,000 groups', xml: signResponse(sign(large)) },
    { document: 'assertion signed and encrypted, 2,000 groups', xml: encrypt(sign(large)) },
  ];
}

async function verifyOurs(field: string): Promise<void> {
  const result = verifyResponse({
    xml: decodeBase64(field) ?? '',
    connection: connection(),
    request: { id: REQUEST_ID, issuedAt: new Date(), forceAuthn: false },
    now: new Date(),
  });
  if (!result.ok) throw new Error(`Ours refused the response: ${result.refusal}, ${result.detail}`);
}

function nodeSaml(wantAuthnResponseSigned: boolean, field: string): () => Promise<void> {
  const engine = new SAML({
    callbackUrl: ACS_URL,
    issuer: SP_ENTITY_ID,
    audience: SP_ENTITY_ID,
    idpIssuer: parts().issuer,
    idpCert: KEYS.idp.certificate,
    decryptionPvk: pem(KEYS.sp),
    wantAssertionsSigned: true,
    wantAuthnResponseSigned,
    validateInResponseTo: ValidateInResponseTo.never,
    acceptedClockSkewMs: 120_000,
  });
  return async () => {
    const { profile } = await engine.validatePostResponseAsync({ SAMLResponse: field });
    if (profile?.nameID !== 'alice') throw new Error('node-saml read another person.');
  };
}
