// Every reason for which a SAML response is refused, with its cause and its cure in words for an administrator. The
// person who signs in sees none of it, only the trace's id.

export type RefusalText = { readonly cause: string; readonly cure: string };

const FORGED = 'Nothing to set: no identity provider makes such a document. Look for who sent it.';
const RENDERING =
  "The document is not what the identity provider's own SAML library writes. Look for a proxy that edits it.";
const CLOCK = 'Set both clocks by a time service and try again; up to 120 seconds of difference are tolerated.';
const FRESH = 'Start a new sign-in from the application instead of going back to, or reloading, an old page.';

export const SAML_REFUSALS = {
  // The document
  too_large: {
    cause: 'The response is larger than 1 MiB.',
    cure: 'Send fewer groups: filter the group claim to those assigned to the application.',
  },
  encoding: {
    cause: 'The response is not UTF-8 text.',
    cure: 'Send the response as UTF-8 XML, base64-encoded in the form field SAMLResponse.',
  },
  doctype: { cause: 'The response has a document type declaration.', cure: FORGED },
  entity: { cause: 'The response declares or uses an entity.', cure: FORGED },
  processing_instruction: { cause: 'The response has a processing instruction.', cure: RENDERING },
  comment: { cause: 'The response has an XML comment, which a signature does not cover.', cure: FORGED },
  not_one_root: { cause: 'The response is not one XML element.', cure: RENDERING },
  too_complex: {
    cause: 'The response is nested too deep or has too many elements or attributes.',
    cure: 'Send fewer groups and attributes.',
  },
  malformed: { cause: 'The response is not well-formed XML.', cure: RENDERING },
  namespace_invalid: {
    cause: 'A prefix is not declared, or a namespace is not an absolute URI.',
    cure: FORGED,
  },
  not_a_response: {
    cause: 'The document is not a SAML 2.0 Response.',
    cure: "Give the identity provider this connection's assertion consumer address, for responses by HTTP-POST.",
  },
  duplicate_id: { cause: 'Two elements have the same ID.', cure: FORGED },
  id_invalid: { cause: 'The response or the assertion has no usable ID.', cure: RENDERING },
  assertion_missing: {
    cause: 'The response says success but holds no assertion.',
    cure: 'Assign the person to the application at the identity provider and look at its log.',
  },
  assertion_count: { cause: 'The response holds more than one assertion.', cure: FORGED },
  assertion_position: { cause: "The assertion is not the response's direct child.", cure: FORGED },

  // Signatures
  signature_missing: {
    cause: 'Nothing that is signed covers the assertion.',
    cure: 'Switch on signing of the assertion (or the response) at the identity provider.',
  },
  signature_policy: {
    cause: 'The part that this connection demands to be signed is not signed.',
    cure: 'Sign that part at the identity provider, or change what the connection demands.',
  },
  signature_position: { cause: 'A signature stands where none belongs, or an element has two.', cure: FORGED },
  signature_shape: { cause: 'A signature is not built as XML Signature demands.', cure: FORGED },
  signature_signed_info: { cause: 'A signature has no SignedInfo, or more than one.', cure: FORGED },
  signature_reference_count: { cause: 'A signature does not have exactly one reference.', cure: FORGED },
  signature_reference: {
    cause: 'A signature refers to something else than the element that it stands in.',
    cure: FORGED,
  },
  signature_transforms: {
    cause: 'A signature uses transforms other than enveloped signature and exclusive canonicalization.',
    cure: 'Choose exclusive canonicalization at the identity provider.',
  },
  signature_canonicalization: {
    cause: 'A signature uses a canonicalization other than the exclusive one without comments.',
    cure: 'Choose exclusive canonicalization (xml-exc-c14n#) at the identity provider.',
  },
  signature_algorithm: {
    cause: 'A signature uses an algorithm that is not accepted.',
    cure: 'Choose RSA or ECDSA with SHA-256 (or longer) at the identity provider.',
  },
  signature_sha1: {
    cause: 'A signature uses SHA-1.',
    cure: 'Choose SHA-256 at the identity provider; SHA-1 can be allowed for one connection.',
  },
  signature_invalid: {
    cause: "A signature does not verify with any of the connection's certificates.",
    cure: "Give the connection the identity provider's present signing certificate; if that is right, the signature was changed on its way.",
  },
  certificate_unknown: {
    cause: "A signature was made with a certificate that is not one of the connection's.",
    cure: "If the fingerprint in the detail is that of the identity provider's present signing certificate, add it to the connection.",
  },
  digest_mismatch: {
    cause: 'What a signature covers was changed after it was signed.',
    cure: 'Look for a proxy or an agent that edits pages between the identity provider and the browser; else it is forged.',
  },
  certificate_unusable: {
    cause: "None of the connection's certificates can be read.",
    cure: "Give the connection the identity provider's signing certificate as PEM.",
  },

  // Encryption
  encryption_required: {
    cause: 'The connection demands an encrypted assertion and this one is in the clear.',
    cure: "Switch on encryption at the identity provider, with the certificate from this connection's metadata.",
  },
  encryption_unexpected: {
    cause: 'The assertion is encrypted and the connection has no decryption key.',
    cure: 'Make a decryption key for the connection, or switch off encryption at the identity provider.',
  },
  encryption_shape: { cause: 'The encrypted assertion is not built as XML Encryption demands.', cure: FORGED },
  encryption_rsa15: {
    cause: 'The key of the encrypted assertion is wrapped by RSA PKCS#1 1.5, which attackers can open by asking often.',
    cure: 'Choose RSA-OAEP for the key at the identity provider.',
  },
  encryption_algorithm: {
    cause: 'The assertion is encrypted with an algorithm that is not accepted.',
    cure: 'Choose RSA-OAEP for the key and AES (GCM, or CBC) for the data at the identity provider.',
  },
  decryption_failed: {
    cause:
      "The assertion cannot be decrypted with the connection's keys; or it is encrypted by AES-CBC outside of a signed response, and what was in it is not signed by the connection's certificate (the two are not told apart, since the difference opens ciphertexts).",
    cure: "Give the identity provider the encryption certificate from this connection's metadata and the connection the present signing certificate; with AES-GCM the reason is told.",
  },

  // Logout messages
  logout_missing: {
    cause: 'The logout address was reached without a logout message.',
    cure: "Give the identity provider this connection's single logout address, and choose HTTP-Redirect or HTTP-POST.",
  },
  query_invalid: {
    cause:
      'A parameter of the logout message stands twice, is misspelt or badly encoded, or a request comes with a response.',
    cure: FORGED,
  },
  not_base64: { cause: 'The message is not base64.', cure: RENDERING },
  not_deflated: {
    cause: 'A message in the address is not compressed as the redirect binding demands.',
    cure: RENDERING,
  },
  not_logout: {
    cause: 'The document is not the SAML 2.0 logout message that was due.',
    cure: "Give the identity provider this connection's single logout address for logout messages only.",
  },
  logout_expired: { cause: 'The logout message is older than 5 minutes, or past its own end.', cure: CLOCK },
  session_index_invalid: {
    cause:
      'A logout request names an empty session, or too many; or a sign-in names its session by more than 1,024 bytes.',
    cure: RENDERING,
  },

  // The response
  version: {
    cause: 'The response or the assertion is not of SAML version 2.0.',
    cure: 'Choose SAML 2.0 at the identity provider.',
  },
  status: {
    cause: 'The identity provider refused the sign-in.',
    cure: "Its status and message are in the detail; the identity provider's log says more.",
  },
  issuer: {
    cause: 'The issuer is not the entity ID that the connection expects.',
    cure: "Compare the identity provider's entity ID with the connection's, character by character.",
  },
  destination: {
    cause: "The response is addressed to another address than this connection's.",
    cure: "Give the identity provider this connection's assertion consumer address, character by character.",
  },
  unsolicited: {
    cause: 'The response answers no request: the sign-in was started at the identity provider.',
    cure: 'Start at the application, or let the identity provider link to the start address of this connection.',
  },
  in_response_to: { cause: 'The response answers another request than the one that this browser made.', cure: FRESH },

  // The assertion
  subject: { cause: 'The assertion does not have exactly one subject.', cure: RENDERING },
  name_id_missing: {
    cause: 'The subject has no NameID.',
    cure: 'Map a NameID for this application at the identity provider.',
  },
  name_id_encrypted: {
    cause: 'The NameID is encrypted and the connection has no decryption key.',
    cure: 'Switch on encryption for the connection, or off at the identity provider.',
  },
  name_id_invalid: {
    cause:
      'The NameID is longer than 1,024 bytes (with its qualifiers), or has blanks around it or control characters in it.',
    cure: 'Map another attribute to the NameID.',
  },
  name_id_qualifier: {
    cause: 'The NameID was made for another service provider (its SPNameQualifier).',
    cure: "Give the identity provider this connection's entity ID, character by character.",
  },
  confirmation_missing: {
    cause: 'The subject has no bearer confirmation.',
    cure: 'Use the Web Browser SSO profile at the identity provider.',
  },
  recipient: {
    cause: 'The assertion is meant for another address than this connection.',
    cure: "Give the identity provider this connection's assertion consumer address, character by character.",
  },
  confirmation_not_before: {
    cause: 'The bearer confirmation has a NotBefore, which the profile forbids.',
    cure: RENDERING,
  },
  confirmation_expired: { cause: 'The bearer confirmation has no end, or it has passed.', cure: CLOCK },
  conditions_missing: { cause: 'The assertion does not have exactly one Conditions element.', cure: RENDERING },
  condition_unknown: {
    cause: 'The assertion sets a condition that is not understood.',
    cure: 'Take the condition out at the identity provider.',
  },
  audience: {
    cause: 'The assertion is meant for another audience than this connection.',
    cure: "Give the identity provider this connection's entity ID, character by character.",
  },
  issue_instant: {
    cause: 'The response or the assertion does not say when it was issued, or in the future.',
    cure: CLOCK,
  },
  not_yet_valid: { cause: 'The assertion is not valid yet.', cure: CLOCK },
  expired: { cause: 'The assertion is no longer valid.', cure: CLOCK },
  time_invalid: { cause: 'A time in the assertion is not a UTC time.', cure: RENDERING },
  authn_statement_missing: {
    cause: 'The assertion does not say that the person signed in.',
    cure: 'Use the Web Browser SSO profile at the identity provider.',
  },
  authn_instant: { cause: 'The time of the sign-in lies in the future.', cure: CLOCK },
  authn_context: {
    cause: 'The person signed in by another method than the connection demands.',
    cure: "Compare the method in the detail with the connection's list (AuthnContextClassRef), or demand it at the identity provider.",
  },
  authn_too_old: {
    cause: 'A fresh sign-in was asked for, and the person had signed in before.',
    cure: 'Let the identity provider honour ForceAuthn.',
  },
  session_expired: { cause: "The identity provider's session has ended already.", cure: CLOCK },
  attribute_encrypted: {
    cause: 'An attribute is encrypted by itself.',
    cure: 'Encrypt the whole assertion instead of single attributes.',
  },
  attribute_invalid: {
    cause: 'An attribute has no name, or there are too many attributes.',
    cure: 'Give every attribute a name; send fewer.',
  },
} as const satisfies Record<string, RefusalText>;

export type SamlRefusalCode = keyof typeof SAML_REFUSALS;

/** Thrown by a step to end the check; `verifyResponse` turns it into its answer, so that it never leaves this folder. */
export class Refused extends Error {
  readonly code: SamlRefusalCode;

  constructor(code: SamlRefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Values of the sender in a detail: one line, bounded. */
export function quoted(value: string | undefined): string {
  if (value === undefined) return 'none';
  const clean = value.replace(/[^\x20-\x7e\u00a0-\ud7ff]+/g, ' ');
  return clean.length > 200 ? `"${clean.slice(0, 200)}…"` : `"${clean}"`;
}
