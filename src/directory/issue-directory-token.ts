// A bearer token for a directory: shown once, stored as its hash (law 7). Two may be live at once, so that one can be
// exchanged for the other without a gap.
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import { hashSecret, isUuid, newId, newSecret } from '../ids.ts';
import { countLiveTokens, insertDirectoryToken, lockDirectory, recordDirectoryEvent } from './directory-store.ts';

const MOST_LIVE_TOKENS = 2;
const PREFIX = 'dbs_';

export type NewDirectoryToken = { readonly id: string; readonly token: string; readonly createdAt: Date };

/** Without `expiresAt` the token does not expire, which Entra's custom apps need. Throws `not_found`, `conflict`. */
export function issueDirectoryToken(
  deps: CoreDeps,
  ctx: RequestContext,
  input: {
    readonly orgId: string;
    readonly directoryId: string;
    readonly displayName: string;
    readonly expiresAt?: Date | undefined;
  },
): Promise<NewDirectoryToken> {
  const id = newId();
  const token = `${PREFIX}${newSecret()}`;
  return deps.db.inOrg(input.orgId, async (tx) => {
    const { directoryId, displayName, expiresAt } = input;
    if (!isUuid(directoryId) || !(await lockDirectory(tx, directoryId))) {
      throw new DomainError('not_found', 'The organization has no such directory.');
    }
    const now = deps.clock.now();
    if (expiresAt && expiresAt <= now) throw new DomainError('invalid_value', 'expiresAt must be in the future.');
    if ((await countLiveTokens(tx, directoryId, now)) >= MOST_LIVE_TOKENS) {
      throw new DomainError('conflict', `A directory has at most ${MOST_LIVE_TOKENS} live tokens. Revoke one first.`);
    }
    const hash = hashSecret(token);
    await insertDirectoryToken(tx, { id, directoryId, displayName, createdAt: now, expiresAt, hash });
    const data = { tokenId: id, displayName, expiresAt: expiresAt?.toISOString() };
    await recordDirectoryEvent(tx, { actor: ctx.actor, action: 'directory.token_issued', directoryId, data });
    return { id, token, createdAt: now };
  });
}
