// A connection's own key for signing requests or decrypting assertions, with the self-signed certificate that SAML
// metadata carries keys in. Node makes keys but no certificates, so the DER is written here. RFC 5280, section 4.1.
import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

export type SamlKeyPair = { readonly privateKey: string; readonly certificate: string };

const RSA_BITS = 3072;
const VALID_YEARS = 10;
const SHA256_WITH_RSA = Buffer.from('06092a864886f70d01010b0500', 'hex');
const SHA256_WITH_ECDSA = Buffer.from('06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const VERSION_3 = Buffer.from('a003020102', 'hex');

/** A new RSA key and its certificate, both PEM. */
export async function createSamlKeyPair(commonName: string, now: Date): Promise<SamlKeyPair> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: selfSignedCertificate(privateKey, commonName, now),
  };
}

/** A certificate (PEM) over the key, valid for ten years. RSA and ECDSA keys. */
export function selfSignedCertificate(privateKey: KeyObject, commonName: string, now: Date): string {
  const algorithm = der(0x30, privateKey.asymmetricKeyType === 'ec' ? SHA256_WITH_ECDSA : SHA256_WITH_RSA);
  const attribute = der(0x30, COMMON_NAME, der(0x0c, Buffer.from(commonName)));
  const name = der(0x30, der(0x31, attribute));
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + VALID_YEARS);
  // A serial number is positive: its first bit is 0, its first byte is not.
  const serial = Buffer.concat([Buffer.from([0x4d]), randomBytes(15)]);
  const body = der(
    0x30,
    VERSION_3,
    der(0x02, serial),
    algorithm,
    name,
    der(0x30, time(now), time(end)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** A PEM certificate's base64 alone, as XML and samlify want it. */
export function certificateBody(certificate: string): string {
  return new X509Certificate(certificate).raw.toString('base64');
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

/** RFC 5280 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050. */
function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const short = at.getUTCFullYear() < 2050;
  return der(short ? 0x17 : 0x18, Buffer.from(`${short ? digits.slice(2) : digits}Z`));
}
