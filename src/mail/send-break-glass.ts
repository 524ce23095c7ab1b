// Tells one owner that a break-glass owner has signed in. Who is no owner any more gets no mail; the sign-in has happened
// whatever became of the naming since.
import { z } from 'zod';
import type { JobHelpers } from '../jobs/task.ts';
import { getMember } from '../members/members-queries.ts';
import { readOrganization } from '../orgs/organizations-queries.ts';
import { getRole } from '../roles/roles-queries.ts';
import { breakGlassMail } from './break-glass-mail.ts';
import type { SendMailDeps } from './mailer.ts';
import { sendAlert } from './send-alert.ts';

export const breakGlassPayload = z.object({
  template: z.literal('break_glass_used'),
  orgId: z.uuid(),
  /** Who has signed in, and who is told. */
  ownerId: z.uuid(),
  memberId: z.uuid(),
  at: z.iso.datetime({ offset: true }).pipe(z.coerce.date()),
});

export async function sendBreakGlassMail(
  deps: SendMailDeps,
  { orgId, ownerId, memberId, at }: z.output<typeof breakGlassPayload>,
  { log }: JobHelpers,
): Promise<void> {
  const found = await deps.db.inOrg(orgId, async (tx) => {
    const reader = await getMember(tx, orgId, memberId);
    return {
      reader,
      isOwner: reader.status === 'active' && (await getRole(tx, orgId, reader.roleKey)).fullControl,
      owner: await getMember(tx, orgId, ownerId),
      organization: await readOrganization(tx, orgId),
    };
  });
  const { reader, owner } = found;
  if (!found.isOwner || reader.address === undefined) return;
  const ownerAddress = owner.address ?? '';
  const use = { organizationName: found.organization.displayName, at, ownerAddress };
  await sendAlert(deps, log, {
    memberId,
    to: reader.address,
    reference: `break-glass-${ownerId}-${at.getTime()}-${memberId}`,
    ...breakGlassMail({ ...use, ownerName: owner.displayName ?? ownerAddress }),
  });
}
