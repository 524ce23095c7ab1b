// Users as this process lately read or wrote them, for the change that tends to follow a look-up: it is worked out from what
// is remembered and made under the version of that, so that it is made only if that is how the user still is, and no
// statement is spent on reading what is known.
import type { Clock } from '../clock.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryUserRow } from './directory-user-queries.ts';

const MOST = 4096;
/** Longer ones are not remembered, which bounds the whole. */
const LONGEST_RESOURCE = 4096;
/** A database that was set back would count versions a second time; nobody sets one back unseen for longer than that. */
const KEPT_MS = 60_000;
/** Who is read again and again is not put at the end each time. */
const RENEWED_AFTER_MS = 1_000;

/** The groups change without the user's version, and are not remembered. */
export type RecentUser = Omit<DirectoryUserRow, 'groups' | 'sort_key'>;

/** One for each process. */
export class RecentUsers {
  readonly #db: DirectoryDeps['db'];
  readonly #clock: Clock;
  readonly #users = new Map<string, { readonly user: RecentUser; readonly at: number }>();

  constructor({ db, clock }: DirectoryDeps) {
    this.#db = db;
    this.#clock = clock;
  }

  /** What was read or is committed. Inside a shared transaction nothing is, and nothing is remembered. */
  note(scope: DirectoryScope, { id, version, active, created_at, modified_at, resource }: RecentUser): void {
    if (resource.length > LONGEST_RESOURCE || this.#db.isShared(scope.orgId)) return;
    const key = keyOf(scope, id);
    const at = this.#clock.now().getTime();
    const known = this.#users.get(key);
    const isSame = known?.user.version === version;
    if (isSame && Math.abs(at - known.at) < RENEWED_AFTER_MS) return;
    this.#users.delete(key);
    this.#forget(at);
    const user = isSame ? known.user : { id, version, active, created_at, modified_at, resource };
    this.#users.set(key, { user, at });
  }

  /** Whose time is over, and the oldest where there is no room for one more: those stand first. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#users) {
      if (this.#users.size < MOST && now - at < KEPT_MS) return;
      this.#users.delete(key);
    }
  }

  /** How the user was; undefined where nothing is remembered. */
  recall(scope: DirectoryScope, id: string): RecentUser | undefined {
    const known = this.#users.get(keyOf(scope, id));
    if (known === undefined || this.#db.isShared(scope.orgId)) return undefined;
    return this.#clock.now().getTime() - known.at < KEPT_MS ? known.user : undefined;
  }
}

function keyOf({ directoryId }: DirectoryScope, id: string): string {
  return `${directoryId} ${id}`;
}
