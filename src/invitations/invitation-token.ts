// The secret of a mailed link. It is derived, so that no copy has to be stored for the mail job: 256 bits that only
// SECRET_KEY can make, a new one for each mail; the database holds its hash (law 7).
import { createHmac } from 'node:crypto';
import { deriveKey } from '../seal.ts';

const PURPOSE = 'invitation link';

/** The token of the `sentCount`-th mail of an invitation: base64url, 43 characters. */
export function invitationToken(secretKey: string, invitationId: string, sentCount: number): string {
  return createHmac('sha256', deriveKey(secretKey, PURPOSE)).update(`${invitationId}:${sentCount}`).digest('base64url');
}

/** The address that a mail carries. */
export function invitationLink(baseUrl: string, token: string): string {
  return `${baseUrl}/invitations/${token}`;
}
