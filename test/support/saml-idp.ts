// A SAML identity provider for tests: it writes responses and signs or encrypts them as told, well or badly. Written
// apart from the product's reader (string templates, xml-crypto's signer, node:crypto), so that the two can disagree.
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  sign as signBytes,
  X509Certificate,
} from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { ExclusiveCanonicalization, SignedXml } from 'xml-crypto';
import { selfSignedCertificate } from '../../sso/saml/key-pair.ts';

export const SAML = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  success: 'urn:oasis:names:tc:SAML:2.0:status:Success',
  excC14n: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  enveloped: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
} as const;

export type IdpKey = { readonly privateKey: KeyObject; readonly certificate: string; readonly base64: string };

export function makeKey(kind: 'rsa' | 'ec', name = 'idp.test'): IdpKey {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const certificate = selfSignedCertificate(privateKey, name, new Date('2026-01-01T00:00:00Z'));
  return { privateKey, certificate, base64: new X509Certificate(certificate).raw.toString('base64') };
}

/** Every part of a response that a test may want otherwise. Absent parts (`null`) are left out of the document. */
export type ResponseParts = {
  responseId: string;
  assertionId: string;
  responseIssuer: string | null;
  issuer: string;
  destination: string | null;
  inResponseTo: string | null;
  confirmationInResponseTo: string | null;
  status: string;
  version: string;
  assertionVersion: string;
  nameId: string;
  nameIdXml: string | null;
  confirmations: string | null;
  method: string;
  recipient: string | null;
  confirmationEnd: string | null;
  confirmationNotBefore: string | null;
  conditions: string | null;
  notBefore: string | null;
  notOnOrAfter: string | null;
  audiences: string | null;
  extraConditions: string;
  authnStatement: string | null;
  authnInstant: string;
  sessionEnd: string | null;
  attributes: string;
  prefixes: { protocol: string; assertion: string };
  gap: string;
};

const FORMAT_PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';

function assertionXml(p: ResponseParts): string {
  const a = p.prefixes.assertion;
  const attribute = (name: string, value: string | null) => (value === null ? '' : ` ${name}="${value}"`);
  const nameId = p.nameIdXml ?? `<${a}:NameID Format="${FORMAT_PERSISTENT}">${p.nameId}</${a}:NameID>`;
  const data = [
    attribute('NotBefore', p.confirmationNotBefore),
    attribute('NotOnOrAfter', p.confirmationEnd),
    attribute('Recipient', p.recipient),
    attribute('InResponseTo', p.confirmationInResponseTo),
  ].join('');
  const confirmations =
    p.confirmations ??
    `<${a}:SubjectConfirmation Method="${p.method}"><${a}:SubjectConfirmationData${data}/></${a}:SubjectConfirmation>`;
  const window = attribute('NotBefore', p.notBefore) + attribute('NotOnOrAfter', p.notOnOrAfter);
  const conditions =
    p.conditions ?? `<${a}:Conditions${window}>${p.audiences ?? ''}${p.extraConditions}</${a}:Conditions>`;
  const statement =
    p.authnStatement ??
    `<${a}:AuthnStatement AuthnInstant="${p.authnInstant}" SessionIndex="session-1"${attribute('SessionNotOnOrAfter', p.sessionEnd)}>` +
      `<${a}:AuthnContext><${a}:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</${a}:AuthnContextClassRef></${a}:AuthnContext>` +
      `</${a}:AuthnStatement>`;
  return [
    `<${a}:Assertion xmlns:${a}="${SAML.assertion}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="${p.assertionId}" Version="${p.assertionVersion}" IssueInstant="2026-11-21T12:00:00Z">`,
    `<${a}:Issuer>${p.issuer}</${a}:Issuer>`,
    `<${a}:Subject>${nameId}${confirmations}</${a}:Subject>`,
    conditions,
    statement,
    p.attributes && `<${a}:AttributeStatement>${p.attributes}</${a}:AttributeStatement>`,
    `</${a}:Assertion>`,
  ]
    .filter((part) => part !== '')
    .join(p.gap);
}

/** The Response around any assertion markup. */
export function responseXml(p: ResponseParts, assertion = assertionXml(p)): string {
  const { protocol: s, assertion: a } = p.prefixes;
  const attribute = (name: string, value: string | null) => (value === null ? '' : ` ${name}="${value}"`);
  return [
    `<${s}:Response xmlns:${s}="${SAML.protocol}" xmlns:${a}="${SAML.assertion}" ID="${p.responseId}" Version="${p.version}" IssueInstant="2026-11-21T12:00:00Z"${attribute('Destination', p.destination)}${attribute('InResponseTo', p.inResponseTo)}>`,
    p.responseIssuer === null ? '' : `<${a}:Issuer>${p.responseIssuer}</${a}:Issuer>`,
    p.status && `<${s}:Status>${p.status}</${s}:Status>`,
    assertion,
    `</${s}:Response>`,
  ]
    .filter((part) => part !== '')
    .join(p.gap);
}

export type SignOptions = {
  key: IdpKey;
  /** Local name of the element to sign. */
  element?: 'Assertion' | 'Response' | 'LogoutRequest' | 'LogoutResponse';
  algorithm?: string;
  digest?: string;
  transforms?: string[];
  canonicalization?: string;
  /** The certificate to publish in KeyInfo; null publishes none. */
  keyInfo?: string | null;
  prefixList?: string[];
  prefix?: string;
};

type Signer = { hash: string; pss?: boolean; hmac?: boolean };

const SIGNERS: Record<string, Signer> = {
  'http://www.w3.org/2000/09/xmldsig#rsa-sha1': { hash: 'sha1' },
  [SAML.rsaSha256]: { hash: 'sha256' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': { hash: 'sha384' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': { hash: 'sha512' },
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1': { hash: 'sha256', pss: true },
  'http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1': { hash: 'sha384', pss: true },
  'http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1': { hash: 'sha512', pss: true },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256': { hash: 'sha256' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384': { hash: 'sha384' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512': { hash: 'sha512' },
  'http://www.w3.org/2000/09/xmldsig#hmac-sha1': { hash: 'sha1', hmac: true },
  'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256': { hash: 'sha256', hmac: true },
};

const DIGESTS: Record<string, string> = {
  [SAML.sha256]: 'sha256',
  'http://www.w3.org/2000/09/xmldsig#sha1': 'sha1',
  'http://www.w3.org/2001/04/xmldsig-more#sha384': 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha384': 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
  'http://www.w3.org/2001/04/xmldsig-more#md5': 'md5',
};

/** Signs one element of the document in place, after its Issuer as SAML wants it. */
export function signXml(xml: string, options: SignOptions): string {
  const element = options.element ?? 'Assertion';
  const algorithm = options.algorithm ?? SAML.rsaSha256;
  const digest = options.digest ?? SAML.sha256;
  const signer = new SignedXml({
    privateKey: options.key.privateKey,
    signatureAlgorithm: algorithm,
    canonicalizationAlgorithm: options.canonicalization ?? SAML.excC14n,
    getKeyInfoContent: () => keyInfo(options),
  });
  signer.idAttributes = ['ID'];
  signer.SignatureAlgorithms = { [algorithm]: signerClass(algorithm, options.key) };
  signer.HashAlgorithms = { [digest]: digestClass(digest) };
  const path = element === 'Assertion' ? "//*[local-name(.)='Assertion']" : `/*[local-name(.)='${element}']`;
  signer.addReference({
    xpath: path,
    transforms: options.transforms ?? [SAML.enveloped, SAML.excC14n],
    digestAlgorithm: digest,
    inclusiveNamespacesPrefixList: options.prefixList ?? [],
  });
  signer.computeSignature(xml, {
    prefix: options.prefix ?? 'ds',
    location: { reference: `${path}/*[local-name(.)='Issuer']`, action: 'after' },
  });
  return signer.getSignedXml();
}

function keyInfo({ key, keyInfo: published, prefix = 'ds' }: SignOptions): string | null {
  const certificate = published === undefined ? key.base64 : published;
  if (certificate === null) return null;
  const p = prefix === '' ? '' : `${prefix}:`;
  return `<${p}X509Data><${p}X509Certificate>${certificate}</${p}X509Certificate></${p}X509Data>`;
}

function signerClass(algorithm: string, key: IdpKey) {
  const how: Signer = SIGNERS[algorithm] ?? { hash: 'sha256' };
  return class {
    getAlgorithmName = () => algorithm;
    verifySignature = () => false;
    getSignature = (material: unknown): string => {
      const bytes = Buffer.from(String(material));
      // Algorithm confusion: the public certificate, which everybody has, as the secret.
      if (how.hmac) return createHmac(how.hash, key.certificate).update(bytes).digest('base64');
      const pss = how.pss
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : {};
      return signBytes(how.hash, bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363', ...pss }).toString('base64');
    };
  };
}

function digestClass(digest: string) {
  return class {
    getAlgorithmName = () => digest;
    getHash = (xml: string) =>
      createHash(DIGESTS[digest] ?? 'sha256')
        .update(xml, 'utf8')
        .digest('base64');
  };
}

export type EncryptOptions = {
  certificate: string;
  data?: string;
  keyTransport?: string;
  /** Digest of OAEP, as written in the document and used. */
  oaep?: 'sha1' | 'sha256';
  /** A key that was wrapped elsewhere, and with which hashes. */
  made?: { secret: Buffer; value: Buffer; hash: string; maskHash: string };
  keyBeside?: boolean;
  /** What the ciphertext stands in. */
  wrapper?: 'EncryptedAssertion' | 'EncryptedID' | 'EncryptedAttribute';
};

const CIPHERS: Record<string, [name: string, keyBytes: number]> = {
  'http://www.w3.org/2009/xmlenc11#aes128-gcm': ['aes-128-gcm', 16],
  'http://www.w3.org/2009/xmlenc11#aes256-gcm': ['aes-256-gcm', 32],
  'http://www.w3.org/2001/04/xmlenc#aes128-cbc': ['aes-128-cbc', 16],
  'http://www.w3.org/2001/04/xmlenc#aes256-cbc': ['aes-256-cbc', 32],
  'http://www.w3.org/2001/04/xmlenc#tripledes-cbc': ['des-ede3-cbc', 24],
};

/** Puts an EncryptedAssertion in the place of the document's Assertion. */
export function encryptXml(xml: string, options: EncryptOptions): string {
  return xml.replace(/<((?:\w+:)?Assertion)[ >].*<\/\1>/s, (assertion) => encryptedElement(assertion, options));
}

export function encryptedElement(plain: string, options: EncryptOptions): string {
  const algorithm = options.data ?? 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
  const transport = options.keyTransport ?? 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
  const [cipher, keyBytes] = CIPHERS[algorithm] ?? ['aes-256-gcm', 32];
  const secret = options.made?.secret ?? randomBytes(keyBytes);
  const oaep = options.oaep ?? 'sha1';
  const wrapped =
    options.made?.value ??
    publicEncrypt(
      transport.endsWith('rsa-1_5')
        ? { key: options.certificate, padding: constants.RSA_PKCS1_PADDING }
        : { key: options.certificate, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: oaep },
      secret,
    );
  const digestUri = Object.keys(DIGESTS).find((uri) => DIGESTS[uri] === (options.made?.hash ?? oaep));
  const maskHash = options.made?.maskHash ?? oaep;
  const mask = transport.includes('xmlenc11')
    ? `<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1${maskHash}"/>`
    : '';
  const encryptedKey = `<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:EncryptionMethod Algorithm="${transport}"><ds:DigestMethod xmlns:ds="${SAML.ds}" Algorithm="${digestUri}"/>${mask}</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>${wrapped.toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`;
  const inside = options.keyBeside ? '' : `<ds:KeyInfo xmlns:ds="${SAML.ds}">${encryptedKey}</ds:KeyInfo>`;
  const ciphertext = encryptData(cipher, secret, Buffer.from(plain)).toString('base64');
  const data = `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="${algorithm}"/>${inside}<xenc:CipherData><xenc:CipherValue>${ciphertext}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`;
  const name = options.wrapper ?? 'EncryptedAssertion';
  return `<saml:${name} xmlns:saml="${SAML.assertion}">${data}${options.keyBeside ? encryptedKey : ''}</saml:${name}>`;
}

function encryptData(name: string, secret: Buffer, plain: Buffer): Buffer {
  if (name.endsWith('gcm')) {
    const iv = randomBytes(12);
    const cipher = createCipheriv(name as 'aes-256-gcm', secret, iv);
    return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
  const block = name.startsWith('des') ? 8 : 16;
  const iv = randomBytes(block);
  const count = block - (plain.length % block);
  const padding = Buffer.concat([randomBytes(count - 1), Buffer.from([count])]);
  const cipher = createCipheriv(name, secret, iv).setAutoPadding(false);
  return Buffer.concat([iv, cipher.update(plain), cipher.update(padding), cipher.final()]);
}

/** Signs the first SignedInfo as it stands, by RSA-SHA256: for documents that no signer would make. */
export function resign(xml: string, key: IdpKey): string {
  const info = new DOMParser().parseFromString(xml, 'text/xml').getElementsByTagNameNS(SAML.ds, 'SignedInfo')[0];
  const canonical = new ExclusiveCanonicalization().process(info as Element, {});
  const value = createSign('RSA-SHA256').update(canonical).sign(key.privateKey, 'base64');
  return xml.replace(/<ds:SignatureValue>[^<]*/, () => `<ds:SignatureValue>${value}`);
}
