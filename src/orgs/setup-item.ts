// What came in through a set-up link is switched on by full control only: whoever opened the link has no account here.
import type { Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Rights } from '../roles/rights.ts';

export type SetupItemKind = 'connection' | 'directory';

/** Throws `role_ceiling` for somebody without full control, where the thing was made through a set-up link. */
export async function requireMaySwitchOn(
  queryable: Queryable,
  rights: Rights,
  item: { readonly orgId: string; readonly kind: SetupItemKind; readonly id: string },
): Promise<void> {
  if (rights.fullControl) return;
  const made = await queryable.query({
    text: 'select link_id from setup_item where org_id = $1 and kind = $2 and id = $3',
    values: [item.orgId, item.kind, item.id],
  });
  if (made.length === 0) return;
  throw new DomainError('role_ceiling', `The ${item.kind} came in through a set-up link: this needs full control.`);
}
