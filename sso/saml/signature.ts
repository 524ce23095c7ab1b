// One XML signature of a SAML element: its shape first (SAML core 5.4 allows much less than XML Signature does), then
// the check by xml-crypto with nothing but the algorithms that it names. What this answers is parsed from the bytes
// that the digest covered, so that wrapping, comments and parser differences have no second reading to offer.
import { SignedXml } from 'xml-crypto';
import {
  digestTable,
  isDigestAlgorithm,
  isSignatureAlgorithm,
  type SigningKey,
  signatureTable,
  usesSha1,
} from './algorithms.ts';
import { attribute, children, descendants, elements, isElement, parseXml, plainText } from './dom.ts';
import { EXCLUSIVE_C14N, NS, TRANSFORM_ENVELOPED } from './names.ts';
import { usableId } from './open-document.ts';
import { quoted, Refused } from './refusals.ts';

export type SignaturePolicy = { readonly keys: readonly SigningKey[]; readonly allowSha1: boolean };

export type Signed = {
  /** The element, parsed from the canonical bytes that the signature covers. */
  readonly element: Element;
  /** SHA-256 fingerprint of the certificate that verified. */
  readonly certificate: string;
};

/** Signatures may stand as direct children of the given elements, one in each, and nowhere else. */
export function refuseStraySignatures(root: Element, owners: readonly Element[]): string {
  let count = 0;
  for (const element of descendants(root)) {
    if (element.localName !== 'Signature') continue;
    const owner = owners.find((candidate) => candidate === element.parentNode);
    if (!owner || element.namespaceURI !== NS.signature) {
      throw new Refused('signature_position', `a Signature in ${element.parentNode?.nodeName}`);
    }
    count += 1;
  }
  for (const owner of owners) {
    if (signatureOf(owner, 1)) throw new Refused('signature_position', `two signatures in ${owner.nodeName}`);
  }
  return count === 1 ? '1 signature' : `${count} signatures`;
}

/** The signature that stands in an element, if any. */
export function signatureOf(owner: Element, index = 0): Element | undefined {
  return children(owner, NS.signature, 'Signature')[index];
}

/**
 * Verifies the signature of `owner`, an element of the document that `text` is.
 *
 * @param text what is checked: xml-crypto parses it by itself
 * @throws Refused with the reason, never an unnamed error
 */
export function verifySignature(text: string, owner: Element, policy: SignaturePolicy): Signed {
  const signature = signatureOf(owner);
  if (!signature) throw new Refused('signature_missing', owner.nodeName);
  const algorithms = checkShape(signature, usableId(owner), policy.allowSha1);
  let match: SigningKey | undefined;
  const engine = new SignedXml({ publicCert: policy.keys[0]?.key ?? '' });
  engine.idAttributes = ['ID'];
  engine.SignatureAlgorithms = signatureTable(algorithms.signature, policy.keys, (key) => {
    match = key;
  });
  engine.HashAlgorithms = digestTable(algorithms.digest);
  engine.CanonicalizationAlgorithms = canonicalizations(engine);
  const canonical = covered(engine, signature, text);
  if (canonical === undefined || match === undefined) {
    throw new Refused('signature_invalid', `${owner.localName}, ${policy.keys.length} certificates tried`);
  }
  return { element: sameElement(canonical, owner), certificate: match.fingerprint };
}

function canonicalizations(engine: SignedXml): SignedXml['CanonicalizationAlgorithms'] {
  const known = engine.CanonicalizationAlgorithms;
  const allowed = [EXCLUSIVE_C14N, TRANSFORM_ENVELOPED];
  return Object.fromEntries(Object.entries(known).filter(([uri]) => allowed.includes(uri)));
}

/** The canonical bytes under the one reference; undefined when they, or the signature over them, do not verify. */
function covered(engine: SignedXml, signature: Element, text: string): string | undefined {
  try {
    engine.loadSignature(signature);
    if (!engine.checkSignature(text)) return undefined;
  } catch {
    return undefined;
  }
  const references = engine.getSignedReferences();
  return references.length === 1 ? references[0] : undefined;
}

/** The bytes must be the very element that the signature stands in: same name, same ID. */
function sameElement(canonical: string, owner: Element): Element {
  const root = parseXml(canonical).documentElement;
  const same =
    isElement(root, owner.namespaceURI ?? '', owner.localName) && attribute(root, 'ID') === attribute(owner, 'ID');
  if (!same) throw new Refused('signature_reference', `covers ${root.nodeName}, stands in ${owner.nodeName}`);
  return root;
}

/** SAML core 5.4.2 to 5.4.4. Answers the algorithms; everything else in the signature is fixed. */
function checkShape(signature: Element, id: string, allowSha1: boolean): { signature: string; digest: string } {
  const infos = [...descendants(signature)].filter(({ localName }) => localName === 'SignedInfo');
  if (infos.length !== 1) throw new Refused('signature_signed_info', `${infos.length} SignedInfo elements`);
  const [info, value, keyInfo, ...others] = elements(signature);
  const ordered =
    info && isElement(info, NS.signature, 'SignedInfo') && value && isElement(value, NS.signature, 'SignatureValue');
  if (!ordered || others.length > 0 || (keyInfo && !isElement(keyInfo, NS.signature, 'KeyInfo'))) {
    throw new Refused('signature_shape', `children: ${elements(signature).map(({ nodeName }) => nodeName)}`);
  }
  base64Text(value);
  const references = children(info, NS.signature, 'Reference');
  if (references.length !== 1) throw new Refused('signature_reference_count', `${references.length} references`);
  const [canonicalization, method, reference, ...rest] = elements(info);
  if (!reference || rest.length > 0)
    throw new Refused('signature_shape', `${elements(info).length} parts in SignedInfo`);
  const c14n = algorithmOf(canonicalization, 'CanonicalizationMethod');
  if (c14n !== EXCLUSIVE_C14N) throw new Refused('signature_canonicalization', quoted(c14n));
  const algorithm = algorithmOf(method, 'SignatureMethod');
  const digest = checkReference(reference, id);
  if (!isSignatureAlgorithm(algorithm)) throw new Refused('signature_algorithm', quoted(algorithm));
  if (!isDigestAlgorithm(digest)) throw new Refused('signature_algorithm', `digest ${quoted(digest)}`);
  if (!allowSha1 && (usesSha1(algorithm) || usesSha1(digest))) {
    throw new Refused('signature_sha1', `${quoted(algorithm)}, ${quoted(digest)}`);
  }
  return { signature: algorithm, digest };
}

function checkReference(reference: Element, id: string): string {
  if (!isElement(reference, NS.signature, 'Reference')) throw new Refused('signature_shape', reference.nodeName);
  const uri = attribute(reference, 'URI');
  if (uri !== `#${id}`) throw new Refused('signature_reference', `${quoted(uri)} instead of "#${id}"`);
  const [transforms, method, value, ...others] = elements(reference);
  if (!transforms || !isElement(transforms, NS.signature, 'Transforms')) {
    throw new Refused('signature_transforms', 'no transforms');
  }
  const chain = elements(transforms).map((transform) => algorithmOf(transform, 'Transform'));
  if (chain.length !== 2 || chain[0] !== TRANSFORM_ENVELOPED || chain[1] !== EXCLUSIVE_C14N) {
    throw new Refused('signature_transforms', chain.map(quoted).join(', '));
  }
  const digest = algorithmOf(method, 'DigestMethod');
  if (!value || !isElement(value, NS.signature, 'DigestValue') || others.length > 0) {
    throw new Refused('signature_shape', `reference children: ${elements(reference).map(({ nodeName }) => nodeName)}`);
  }
  base64Text(value);
  return digest;
}

function algorithmOf(element: Element | undefined, name: string): string {
  const algorithm = element && isElement(element, NS.signature, name) ? attribute(element, 'Algorithm') : undefined;
  if (algorithm === undefined) throw new Refused('signature_shape', `no ${name}`);
  return algorithm;
}

function base64Text(element: Element): void {
  const text = plainText(element);
  if (!text || element.childNodes.length !== 1 || !/^[A-Za-z0-9+/\s]+=?\s*=?\s*$/.test(text)) {
    throw new Refused('signature_shape', `${element.localName} is not base64 text`);
  }
}
