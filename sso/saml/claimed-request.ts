// Which request a response says that it answers, before anything is verified: some providers lose RelayState, and without
// it a response that we did ask for would start a sign-in anew, for ever. It only finds the row; the row's browser, and
// the response itself, are checked as always.
import { decodeBase64 } from './base64.ts';
import { attribute } from './dom.ts';
import { checkEncoding, checkMarkup, checkSize, openRoot } from './open-document.ts';
import { Refused } from './refusals.ts';

/**
 * @param field the form field SAMLResponse
 * @returns undefined when it answers nothing, or is no response at all
 */
export function claimedRequest(field: string): string | undefined {
  const xml = decodeBase64(field);
  if (!xml) return undefined;
  const document = { xml, text: '' };
  try {
    checkSize(document);
    checkEncoding(document);
    checkMarkup(document);
    return attribute(openRoot(document.text, 'Response', 'not_a_response'), 'InResponseTo');
  } catch (fault) {
    if (fault instanceof Refused) return undefined;
    throw fault;
  }
}
