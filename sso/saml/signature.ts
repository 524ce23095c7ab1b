// One XML signature of a SAML element. XML Signature allows much, SAML very little (core 5.4): the shape is fixed, and
// xml-crypto's canonicalizer and node:crypto do the rest. Nothing is read from the document itself: SignedInfo is
// parsed from the bytes that the key verified, the element from the bytes that the digest verified, so that wrapping,
// comments and parser differences have no second reading to offer.
import { timingSafeEqual } from 'node:crypto';
import { digestOf, fingerprintOf, requireAlgorithms, type SignaturePolicy, verifies } from './algorithms.ts';
import { decodeBase64 } from './base64.ts';
import { canonicalize, prefixList } from './canonicalize.ts';
import { attribute, child, children, descendants, elements, isElement, parseXml, plainText } from './dom.ts';
import { EXCLUSIVE_C14N, NS, TRANSFORM_ENVELOPED } from './names.ts';
import { usableId } from './open-document.ts';
import { quoted, Refused } from './refusals.ts';

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
 * Verifies the signature that stands in `owner`.
 *
 * @throws Refused with the reason, never an unnamed error
 */
export function verifySignature(owner: Element, policy: SignaturePolicy): Signed {
  const signature = signatureOf(owner);
  if (!signature) throw new Refused('signature_missing', owner.nodeName);
  const { info, value } = partsOf(signature);
  const signedInfo = canonical(info, prefixList(child(info, NS.signature, 'CanonicalizationMethod')));
  const covering = readSignedInfo(reparse(signedInfo), usableId(owner), policy);
  const match = policy.keys.find(({ key }) => verifies(covering.algorithm, key, signedInfo, value));
  if (!match) throw notVerified(owner, signature, policy);
  const bytes = withoutChild(owner, signature, () => canonical(owner, covering.prefixes));
  const digest = digestOf(covering.digestAlgorithm, bytes);
  if (digest.length !== covering.digest.length || !timingSafeEqual(digest, covering.digest)) {
    throw new Refused('digest_mismatch', owner.localName);
  }
  return { element: sameElement(reparse(bytes), owner), certificate: match.fingerprint };
}

/** Trust is the connection's list; what KeyInfo says only tells an administrator which certificate is missing there. */
function notVerified(owner: Element, signature: Element, { keys }: SignaturePolicy): Refused {
  const published = [...descendants(signature)].find((one) => isElement(one, NS.signature, 'X509Certificate'));
  const fingerprint = fingerprintOf(published?.textContent ?? '');
  const tried = `${owner.localName}, ${keys.length} certificates tried`;
  return fingerprint === undefined || keys.some((key) => key.fingerprint === fingerprint)
    ? new Refused('signature_invalid', tried)
    : new Refused('certificate_unknown', `${tried}; signed with ${fingerprint}`);
}

function canonical(element: Element, prefixes: readonly string[]): string {
  try {
    return canonicalize(element, prefixes);
  } catch {
    throw new Refused('signature_invalid', `${element.localName} cannot be canonicalized`);
  }
}

function reparse(bytes: string): Element {
  try {
    return parseXml(bytes).documentElement;
  } catch {
    throw new Refused('signature_invalid', 'the canonical form cannot be parsed');
  }
}

/** The enveloped-signature transform: the element as it was before it was signed. */
function withoutChild<T>(parent: Element, node: Element, work: () => T): T {
  const next = node.nextSibling;
  parent.removeChild(node);
  try {
    return work();
  } finally {
    parent.insertBefore(node, next);
  }
}

/** The bytes must be the very element that the signature stands in: same name, same ID. */
function sameElement(covered: Element, owner: Element): Element {
  const same =
    isElement(covered, owner.namespaceURI ?? '', owner.localName) &&
    attribute(covered, 'ID') === attribute(owner, 'ID');
  if (!same) throw new Refused('signature_reference', `covers ${covered.nodeName}, stands in ${owner.nodeName}`);
  return covered;
}

/** SAML core 5.4.1: SignedInfo, its signature value, perhaps a KeyInfo (ignored: trust is the connection's list). */
function partsOf(signature: Element): { info: Element; value: Buffer } {
  const infos = [...descendants(signature)].filter(({ localName }) => localName === 'SignedInfo');
  if (infos.length !== 1) throw new Refused('signature_signed_info', `${infos.length} SignedInfo elements`);
  const [info, value, keyInfo, ...others] = elements(signature);
  const ordered =
    info && isElement(info, NS.signature, 'SignedInfo') && value && isElement(value, NS.signature, 'SignatureValue');
  if (!ordered || others.length > 0 || (keyInfo && !isElement(keyInfo, NS.signature, 'KeyInfo'))) {
    throw new Refused('signature_shape', `children: ${elements(signature).map(({ nodeName }) => nodeName)}`);
  }
  return { info, value: base64Of(value) };
}

type Covering = {
  readonly algorithm: string;
  readonly digestAlgorithm: string;
  readonly digest: Buffer;
  readonly prefixes: readonly string[];
};

/** SAML core 5.4.2 to 5.4.4, on the SignedInfo that was signed. */
function readSignedInfo(info: Element, id: string, policy: SignaturePolicy): Covering {
  const references = children(info, NS.signature, 'Reference');
  if (references.length !== 1) throw new Refused('signature_reference_count', `${references.length} references`);
  const [canonicalization, method, reference, ...rest] = elements(info);
  if (!reference || rest.length > 0)
    throw new Refused('signature_shape', `${elements(info).length} parts in SignedInfo`);
  const c14n = algorithmOf(canonicalization, 'CanonicalizationMethod');
  if (c14n !== EXCLUSIVE_C14N) throw new Refused('signature_canonicalization', quoted(c14n));
  const algorithm = algorithmOf(method, 'SignatureMethod');
  const referred = readReference(reference, id);
  requireAlgorithms({ signature: algorithm, digest: referred.digestAlgorithm }, policy);
  return { algorithm, ...referred };
}

function readReference(reference: Element, id: string): Omit<Covering, 'algorithm'> {
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
  const digestAlgorithm = algorithmOf(method, 'DigestMethod');
  if (!value || !isElement(value, NS.signature, 'DigestValue') || others.length > 0) {
    throw new Refused('signature_shape', `reference children: ${elements(reference).map(({ nodeName }) => nodeName)}`);
  }
  return { digestAlgorithm, digest: base64Of(value), prefixes: prefixList(elements(transforms)[1]) };
}

function algorithmOf(element: Element | undefined, name: string): string {
  const algorithm = element && isElement(element, NS.signature, name) ? attribute(element, 'Algorithm') : undefined;
  if (algorithm === undefined) throw new Refused('signature_shape', `no ${name}`);
  return algorithm;
}

/** One piece of text and nothing beside it. */
function base64Of(element: Element): Buffer {
  const text = plainText(element);
  const bytes = text === undefined || element.childNodes.length !== 1 ? undefined : decodeBase64(text);
  if (!bytes) throw new Refused('signature_shape', `${element.localName} is not base64 text`);
  return bytes;
}
