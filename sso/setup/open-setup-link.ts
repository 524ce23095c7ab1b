// Makes, revokes and opens set-up links. The token is 256 random bits, stored as its hash, and shown once (law 7).
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import { hashSecret, newId, newSecret } from '../../src/ids.ts';
import { findOrganizationState } from '../../src/orgs/organizations-queries.ts';
import type { Rights } from '../../src/roles/rights.ts';
import type { SsoDeps } from '../deps.ts';
import { SCOPE_PERMISSIONS, type SetupLink, type SetupScope } from './setup-link.ts';
import { findSetupLink, insertSetupLink, revokeSetupLinkRow } from './setup-link-store.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;

const HOUR_MS = 60 * 60 * 1000;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Throws role_ceiling for a scope whose permission the author does not hold (law 4). */
export async function createSetupLink(
  deps: Deps,
  ctx: RequestContext,
  input: {
    readonly orgId: string;
    readonly rights: Rights;
    readonly scopes: readonly SetupScope[];
    readonly hours: number;
  },
): Promise<SetupLink & { readonly url: string }> {
  const { orgId, rights, scopes } = input;
  const missing = scopes.find((scope) => !rights.permissions.has(SCOPE_PERMISSIONS[scope]));
  if (missing) {
    throw new DomainError('role_ceiling', `The scope ${missing} needs the permission ${SCOPE_PERMISSIONS[missing]}.`);
  }
  const createdAt = deps.clock.now();
  const expiresAt = new Date(createdAt.getTime() + input.hours * HOUR_MS);
  const token = newSecret();
  const link = { orgId, id: newId(), scopes, createdAt, expiresAt, revokedAt: undefined, lastUsedAt: undefined };
  await deps.db.inOrg(orgId, async (tx) => {
    await insertSetupLink(tx, link, { hash: hashSecret(token), author: JSON.stringify(ctx.actor) });
    const data = { scopes, expiresAt: expiresAt.toISOString() };
    await recordAudit(tx, ctx, { action: 'setup_link.created', subjectKind: 'setup_link', subjectId: link.id, data });
  });
  return { ...link, url: `${deps.config.baseUrl}/sso/setup/${token}` };
}

/** From now on the link opens nothing; what was made through it stays as it is. Throws not_found. */
export async function revokeSetupLink(deps: Deps, ctx: RequestContext, orgId: string, id: string): Promise<void> {
  await deps.db.inOrg(orgId, async (tx) => {
    if (!(await findSetupLink(tx, orgId, id))) {
      throw new DomainError('not_found', 'The organization has no such set-up link.');
    }
    if (!(await revokeSetupLinkRow(tx, id, deps.clock.now()))) return;
    await recordAudit(tx, ctx, { action: 'setup_link.revoked', subjectKind: 'setup_link', subjectId: id });
  });
}

/** The live link of a token; undefined for one that is unknown, over, revoked, or of a frozen organization. */
export async function openSetupLink(
  deps: Pick<SsoDeps, 'db' | 'clock'>,
  token: string,
): Promise<SetupLink | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const [credential] = await deps.db.realm<{ kind: string; org_id: string; subject_id: string }>({
    name: 'find_credential',
    text: 'select kind, org_id, subject_id, expires_at, revoked_at from find_credential($1)',
    values: [hashSecret(token)],
  });
  if (credential?.kind !== 'setup_link') return undefined;
  const { org_id: orgId, subject_id: id } = credential;
  const organization = await findOrganizationState(deps.db, orgId);
  if (!organization || organization.frozen) return undefined;
  const link = await deps.db.inOrg(orgId, (tx) => findSetupLink(tx, orgId, id));
  return link && !link.revokedAt && link.expiresAt > deps.clock.now() ? link : undefined;
}
