// The one NameID in a Subject or a LogoutRequest, in the clear or encrypted by itself. SAML core 2.2.3 and 2.2.4.
import type { SamlNameId } from './assertion.ts';
import type { SamlConnection } from './connection.ts';
import { decryptElement, readEncrypted } from './decrypt-element.ts';
import { attribute, children, isElement, plainText } from './dom.ts';
import { NS } from './names.ts';
import { quoted, Refused } from './refusals.ts';

/** With its qualifiers; the database's indexes hold no longer ones. A persistent NameID has 256 at most. */
const MAX_NAME_ID_BYTES = 1024;

type Decrypting = Pick<SamlConnection, 'spEntityId' | 'decryptionKeys'>;

/** The element comes from bytes that a signature covers, ciphertext included. */
export function nameIdIn(parent: Element, { spEntityId, decryptionKeys }: Decrypting): Element {
  const [nameId, ...others] = ['NameID', 'EncryptedID'].flatMap((name) => children(parent, NS.assertion, name));
  if (others.length > 0) throw new Refused('subject', `${others.length + 1} NameIDs`);
  if (!nameId) throw new Refused('name_id_missing', 'no NameID');
  if (nameId.localName === 'NameID') return nameId;
  if (decryptionKeys.length === 0) throw new Refused('name_id_encrypted', 'an EncryptedID, and no decryption key');
  const opened = decryptElement(readEncrypted(nameId, spEntityId), decryptionKeys);
  if (!isElement(opened, NS.assertion, 'NameID')) throw new Refused('name_id_missing', 'no NameID in the EncryptedID');
  return opened;
}

/** The value is taken as it is: an identity that differs by a blank is another identity, so blanks are refused. */
export function readNameId(element: Element): SamlNameId {
  const value = plainText(element);
  if (value === '') throw new Refused('name_id_missing', 'an empty NameID');
  if (value === undefined || value.trim() !== value || /\p{Cc}/u.test(value)) {
    throw new Refused('name_id_invalid', quoted(value));
  }
  const nameQualifier = attribute(element, 'NameQualifier');
  const spNameQualifier = attribute(element, 'SPNameQualifier');
  const bytes = Buffer.byteLength([value, nameQualifier, spNameQualifier].join(''));
  if (bytes > MAX_NAME_ID_BYTES) throw new Refused('name_id_invalid', `${bytes} bytes with its qualifiers`);
  return { value, format: attribute(element, 'Format'), nameQualifier, spNameQualifier };
}
