// The steps that establish what is signed, and with it the one element from which all fields are read.
import { type SignaturePolicy, signingKeys } from './algorithms.ts';
import { refuseBadNamespaces } from './check-namespaces.ts';
import { decryptElement, decryptionFailed, type Encrypted, isMalleable, readEncrypted } from './decrypt-element.ts';
import { child, children, descendants, isElement } from './dom.ts';
import { NS } from './names.ts';
import { refuseDuplicateIds, usableId } from './open-document.ts';
import { Refused } from './refusals.ts';
import { refuseStraySignatures, type Signed, signatureOf, verifySignature } from './signature.ts';
import type { Verification } from './verification.ts';

/** Signatures stand only in the Response and in its Assertion. */
export function checkSignaturePlaces(v: Verification): string {
  const owners = v.sent.localName === 'Assertion' ? [v.response, v.sent] : [v.response];
  return refuseStraySignatures(v.response, owners);
}

/** A signature on the Response, where there is one, must verify; from then on the Response is what it covered. */
export function verifyResponseSignature(v: Verification): string {
  if (!signatureOf(v.response)) return 'not signed';
  const signed = verifyWhole(v);
  const inside = children(signed.element, NS.assertion, v.sent.localName);
  if (inside.length !== 1) throw new Refused('assertion_position', `${inside.length} in the signed bytes`);
  v.response = signed.element;
  v.responseSigned = true;
  v.certificate = signed.certificate;
  return `verified with ${signed.certificate}`;
}

/**
 * The signature covers the ciphertext. Some (samlify) sign first and encrypt then: it covers the assertion that was in it,
 * and nothing else gets in. Whatever goes wrong on that second try, the answer is that of the first.
 */
function verifyWhole(v: Verification): Signed {
  try {
    return verifySignature(v.response, policyOf(v));
  } catch (fault) {
    const mayBeOlder = fault instanceof Refused && fault.code === 'digest_mismatch' && v.encrypted;
    if (!mayBeOlder || v.connection.decryptionKeys.length === 0) throw fault;
    try {
      const opened = openAssertion(v, readEncrypted(v.sent, v.connection.spEntityId));
      const assertion = v.response.ownerDocument.importNode(opened, true);
      v.response.replaceChild(assertion, v.sent);
      v.sent = assertion;
      refuseDuplicateIds(v.response);
      return verifySignature(v.response, policyOf(v));
    } catch (second) {
      throw second instanceof Refused ? fault : second;
    }
  }
}

/**
 * The Assertion: decrypted where it must be, its own signature verified where it has one. An assertion that was
 * encrypted is covered by a signature inside the ciphertext or by one on the Response, over the ciphertext.
 */
export function verifyAssertionSignature(v: Verification): string {
  // Where the Response is signed, its signed bytes are what is looked into, for ciphertext and clear text alike.
  const place = v.responseSigned ? child(v.response, NS.assertion, v.sent.localName) : v.sent;
  if (!place) throw new Refused('assertion_position', 'not in the signed bytes');
  if (place.localName === 'Assertion') {
    if (v.connection.requireEncryption && !v.encrypted)
      throw new Refused('encryption_required', 'an assertion in the clear');
    return coverAssertion(v, place);
  }
  if (v.connection.decryptionKeys.length === 0) throw new Refused('encryption_unexpected', 'no decryption key');
  const encrypted = readEncrypted(place, v.connection.spEntityId);
  if (v.responseSigned || !isMalleable(encrypted)) return coverAssertion(v, openAssertion(v, encrypted));
  try {
    const answer = coverAssertion(v, openAssertion(v, encrypted));
    if (v.assertionSigned) return answer;
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
  }
  // Anybody may have changed this ciphertext to see what becomes of it: until a signature holds, one answer to all.
  throw decryptionFailed();
}

function coverAssertion(v: Verification, opened: Element): string {
  if (!signatureOf(opened)) {
    v.assertion = opened;
    return 'not signed';
  }
  const signed = verifySignature(opened, policyOf(v));
  v.assertion = signed.element;
  v.assertionSigned = true;
  v.certificate = signed.certificate;
  return `verified with ${signed.certificate}`;
}

function openAssertion({ connection }: Verification, encrypted: Encrypted): Element {
  const opened = decryptElement(encrypted, connection.decryptionKeys);
  if (!isElement(opened, NS.assertion, 'Assertion')) throw decryptionFailed();
  const nested = [...descendants(opened)].filter(({ localName }) => /Assertion$/.test(localName));
  if (nested.length !== 1) throw new Refused('assertion_count', `${nested.length} in the plaintext`);
  refuseBadNamespaces(opened);
  refuseDuplicateIds(opened);
  refuseStraySignatures(opened, [opened]);
  return opened;
}

/** What the connection demands to be signed is signed; and whatever it demands, the assertion is covered. */
export function checkSignaturePolicy(v: Verification): string {
  const { responseSigned, assertionSigned } = v;
  if (!responseSigned && !assertionSigned) throw new Refused('signature_missing', 'no signature');
  const demanded = v.connection.signedPart;
  const kept = {
    either: true,
    assertion: assertionSigned,
    response: responseSigned,
    both: assertionSigned && responseSigned,
  }[demanded];
  const found = responseSigned && assertionSigned ? 'both' : responseSigned ? 'the response' : 'the assertion';
  if (!kept) throw new Refused('signature_policy', `demanded: ${demanded}, signed: ${found}`);
  usableId(v.response);
  usableId(v.assertion);
  return `demanded: ${demanded}, signed: ${found}`;
}

function policyOf(v: Verification): SignaturePolicy {
  return { keys: signingKeys(v.connection.certificates), allowSha1: v.connection.allowSha1 };
}
