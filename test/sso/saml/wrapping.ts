// Signature wrapping: a document that the identity provider signed, rebuilt so that a second, forged assertion stands
// where a careless reader looks, while the signed one is still there for the signature check to find. The eight
// positions are those of Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), in the
// numbering of the SAML Raider tool.
import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import { SAML } from '../../support/saml-idp.ts';

type Tree = { document: Document; response: Element; assertion: Element; signature: Element };

function tree(xml: string): Tree {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const one = (namespace: string, name: string) => document.getElementsByTagNameNS(namespace, name)[0] as Element;
  return {
    document,
    response: document.documentElement,
    assertion: one(SAML.assertion, 'Assertion'),
    signature: one(SAML.ds, 'Signature'),
  };
}

function text(document: Document): string {
  return new XMLSerializer().serializeToString(document);
}

/** What becomes of the IDs in the forged element: others, none, or the signed elements' own. */
export type ForgedId = 'another' | 'none' | 'same';

function forge(original: Element, id: ForgedId): Element {
  const forged = original.cloneNode(true) as Element;
  const nameId = forged.getElementsByTagNameNS(SAML.assertion, 'NameID')[0] as Element;
  nameId.textContent = 'admin';
  for (const element of [forged, ...Array.from(forged.getElementsByTagNameNS(SAML.assertion, 'Assertion'))]) {
    if (id === 'another') element.setAttribute('ID', `_forged-${element.getAttribute('ID')}`);
    if (id === 'none') element.removeAttribute('ID');
  }
  return forged;
}

function withoutSignature(element: Element): Element {
  for (const signature of Array.from(element.getElementsByTagNameNS(SAML.ds, 'Signature'))) {
    signature.parentNode?.removeChild(signature);
  }
  return element;
}

type Wrapping = (xml: string, id: ForgedId) => string;

/** For documents whose Response is signed. */
export const RESPONSE_WRAPPINGS: Readonly<Record<string, Wrapping>> = {
  'XSW1, the signed response inside the signature of a forged one': (xml, id) => {
    const { document, response } = tree(xml);
    const forged = forge(response, id);
    const original = withoutSignature(response.cloneNode(true) as Element);
    (forged.getElementsByTagNameNS(SAML.ds, 'Signature')[0] as Element).appendChild(original);
    document.replaceChild(forged, response);
    return text(document);
  },
  'XSW2, the signed response before the signature of a forged one': (xml, id) => {
    const { document, response } = tree(xml);
    const forged = forge(response, id);
    const original = withoutSignature(response.cloneNode(true) as Element);
    forged.insertBefore(original, forged.getElementsByTagNameNS(SAML.ds, 'Signature')[0] as Element);
    document.replaceChild(forged, response);
    return text(document);
  },
  'the signed response in the Extensions of a forged, unsigned one': (xml, id) => {
    const { document, response } = tree(xml);
    const forged = withoutSignature(forge(response, id));
    const extensions = document.createElementNS(SAML.protocol, 'samlp:Extensions');
    extensions.appendChild(response.cloneNode(true));
    forged.insertBefore(extensions, forged.firstChild);
    document.replaceChild(forged, response);
    return text(document);
  },
};

/** For documents whose Assertion is signed. */
export const ASSERTION_WRAPPINGS: Readonly<Record<string, Wrapping>> = {
  'XSW3, a forged assertion before the signed one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    response.insertBefore(withoutSignature(forge(assertion, id)), assertion);
    return text(document);
  },
  'a forged assertion after the signed one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    response.appendChild(withoutSignature(forge(assertion, id)));
    return text(document);
  },
  'XSW4, the signed assertion inside a forged one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const forged = withoutSignature(forge(assertion, id));
    response.replaceChild(forged, assertion);
    forged.appendChild(assertion);
    return text(document);
  },
  'XSW5, a forged assertion with the signature, the signed one at the end': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const original = withoutSignature(assertion.cloneNode(true) as Element);
    response.replaceChild(forge(assertion, id), assertion);
    response.appendChild(original);
    return text(document);
  },
  'XSW6, the signed assertion inside the signature of a forged one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const forged = forge(assertion, id);
    const original = withoutSignature(assertion.cloneNode(true) as Element);
    (forged.getElementsByTagNameNS(SAML.ds, 'Signature')[0] as Element).appendChild(original);
    response.replaceChild(forged, assertion);
    return text(document);
  },
  'XSW7, a forged assertion in Extensions': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const extensions = document.createElementNS(SAML.protocol, 'samlp:Extensions');
    extensions.appendChild(withoutSignature(forge(assertion, id)));
    response.insertBefore(extensions, assertion);
    return text(document);
  },
  'XSW8, the signed assertion in an Object of the signature of a forged one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const forged = forge(assertion, id);
    const object = document.createElementNS(SAML.ds, 'ds:Object');
    object.appendChild(withoutSignature(assertion.cloneNode(true) as Element));
    (forged.getElementsByTagNameNS(SAML.ds, 'Signature')[0] as Element).appendChild(object);
    response.replaceChild(forged, assertion);
    return text(document);
  },
  'the signed assertion in the SubjectConfirmationData of a forged one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const forged = withoutSignature(forge(assertion, id));
    response.replaceChild(forged, assertion);
    forged.getElementsByTagNameNS(SAML.assertion, 'SubjectConfirmationData')[0]?.appendChild(assertion);
    return text(document);
  },
  'the signed assertion in the Advice of a forged one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const forged = withoutSignature(forge(assertion, id));
    const advice = document.createElementNS(SAML.assertion, 'saml:Advice');
    response.replaceChild(forged, assertion);
    advice.appendChild(assertion);
    forged.insertBefore(advice, forged.firstChild);
    return text(document);
  },
  'the signed assertion in the Status of the response': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    response.replaceChild(withoutSignature(forge(assertion, id)), assertion);
    document.getElementsByTagNameNS(SAML.protocol, 'Status')[0]?.appendChild(assertion);
    return text(document);
  },
  'a forged assertion of another namespace before the signed one': (xml, id) => {
    const { document, response, assertion } = tree(xml);
    const forged = document.createElementNS('urn:oasis:names:tc:SAML:1.0:assertion', 'old:Assertion');
    const content = withoutSignature(forge(assertion, id));
    if (content.hasAttribute('ID')) forged.setAttribute('ID', content.getAttribute('ID') ?? '');
    for (const child of Array.from(content.childNodes)) forged.appendChild(child);
    response.insertBefore(forged, assertion);
    return text(document);
  },
};

/** How the forged element is written: with the document's prefixes, with others, or with default namespaces. */
export type ForgedStyle = 'its own prefixes' | 'other prefixes' | 'default namespaces';

function styled(element: Element, style: ForgedStyle): Element {
  if (style === 'its own prefixes') return element;
  const prefix = style === 'default namespaces' ? '' : `x${(element.namespaceURI ?? '').length}:`;
  const written = element.ownerDocument.createElementNS(element.namespaceURI, prefix + element.localName);
  for (const { namespaceURI, name, value } of Array.from(element.attributes)) {
    if (!name.startsWith('xmlns')) written.setAttributeNS(namespaceURI, name, value);
  }
  for (const node of Array.from(element.childNodes)) {
    written.appendChild(node.nodeType === 1 ? styled(node as Element, style) : node.cloneNode(true));
  }
  return written;
}

function below(root: Element, namespace: string, name: string): Element {
  const found = root.getElementsByTagNameNS(namespace, name)[0];
  if (found) return found as Element;
  const made = root.ownerDocument.createElementNS(namespace, name);
  root.insertBefore(made, root.firstChild);
  return made as unknown as Element;
}

type Hole = (owner: Element) => Element;

const inSaml =
  (name: string): Hole =>
  (owner) =>
    below(owner, SAML.assertion, name);
const inProtocol =
  (name: string): Hole =>
  (owner) =>
    below(owner, SAML.protocol, name);
const inSignature =
  (name: string): Hole =>
  (owner) => {
    const signature = below(owner, SAML.ds, 'Signature');
    return name === '' ? signature : below(signature, SAML.ds, name);
  };

/** Where a second element can hide inside an assertion or a response. */
const HOLES: Readonly<Record<string, Hole>> = {
  Subject: inSaml('Subject'),
  NameID: inSaml('NameID'),
  SubjectConfirmation: inSaml('SubjectConfirmation'),
  SubjectConfirmationData: inSaml('SubjectConfirmationData'),
  Conditions: inSaml('Conditions'),
  Advice: inSaml('Advice'),
  AuthnContextDecl: inSaml('AuthnContextDecl'),
  AttributeValue: inSaml('AttributeValue'),
  EncryptedID: inSaml('EncryptedID'),
  Issuer: inSaml('Issuer'),
  Signature: inSignature(''),
  'an Object of the signature': inSignature('Object'),
  KeyInfo: inSignature('KeyInfo'),
  SignedInfo: inSignature('SignedInfo'),
  Reference: inSignature('Reference'),
  SignatureValue: inSignature('SignatureValue'),
};
const RESPONSE_HOLES: Readonly<Record<string, Hole>> = {
  Extensions: inProtocol('Extensions'),
  Status: inProtocol('Status'),
  StatusDetail: inProtocol('StatusDetail'),
  EncryptedAssertion: inSaml('EncryptedAssertion'),
  'another response': inProtocol('Response'),
  'an element that nobody knows': (owner) => below(owner, 'urn:nobody', 'anything'),
};

type Position = (xml: string, id: ForgedId, style: ForgedStyle, keepSignature: boolean) => string;

/** Forged assertions around, beside and under a signed one, in every place where something can hide. */
export function assertionPositions(): Readonly<Record<string, Position>> {
  const found: Record<string, Position> = {};
  const forgedOf = (assertion: Element, id: ForgedId, style: ForgedStyle, keepSignature: boolean) => {
    const forged = forge(assertion, id);
    return styled(keepSignature ? forged : withoutSignature(forged), style);
  };
  for (const [place, hole] of Object.entries({ ...HOLES, ...RESPONSE_HOLES })) {
    found[`the signed assertion in ${place} of the forged one`] = (xml, id, style, keepSignature) => {
      const { document, response, assertion } = tree(xml);
      const forged = forgedOf(assertion, id, style, keepSignature);
      response.replaceChild(forged, assertion);
      hole(forged).appendChild(assertion);
      return text(document);
    };
    found[`the forged assertion in ${place} of the response, before the signed one`] = (
      xml,
      id,
      style,
      keepSignature,
    ) => {
      const { document, response, assertion } = tree(xml);
      const forged = forgedOf(assertion, id, style, keepSignature);
      response.removeChild(assertion);
      hole(response).appendChild(forged);
      response.appendChild(assertion);
      return text(document);
    };
  }
  return found;
}

/** The signed response hidden in a forged one. */
export function responsePositions(): Readonly<Record<string, Position>> {
  const found: Record<string, Position> = {};
  for (const [place, hole] of Object.entries({ ...HOLES, ...RESPONSE_HOLES })) {
    found[`the signed response in ${place} of the forged one`] = (xml, id, style, keepSignature) => {
      const { document, response } = tree(xml);
      const forged = forge(response, id);
      const written = styled(keepSignature ? forged : withoutSignature(forged), style);
      document.replaceChild(written, response);
      hole(written).appendChild(response);
      return text(document);
    };
  }
  return found;
}

/** The forged assertion takes the whole place, the signature stays or goes. */
export function exclude(xml: string, what: 'signature removed' | 'signature kept' | 'signature emptied'): string {
  const { document, response, assertion, signature } = tree(xml);
  const forged = forge(assertion, 'same');
  if (what !== 'signature kept') withoutSignature(forged);
  if (what === 'signature emptied') {
    forged.insertBefore(document.createElementNS(SAML.ds, 'ds:Signature'), forged.firstChild);
  }
  response.replaceChild(forged, assertion);
  if (signature.parentNode === response) response.removeChild(signature);
  return text(document);
}

/** Only the NameID of the one assertion is changed, in place. */
export function edit(xml: string): string {
  return xml.replace('>alice<', '>admin<');
}
