// A new organization with its first API key, in one transaction: the key has full control and is shown once.
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { newId } from '../ids.ts';
import { type CreateOrganizationInput, layOrganization } from '../orgs/create-organization.ts';
import type { Organization } from '../orgs/organization.ts';
import { PERMISSIONS } from '../roles/permissions.ts';
import { OPERATOR_RIGHTS } from '../roles/rights.ts';
import { issueApiKey } from './create-api-key.ts';

export type FoundedOrganization = { readonly organization: Organization; readonly ownerKey: string };

/** For operators. Throws what `layOrganization` throws. */
export function foundOrganization(
  deps: CoreDeps,
  ctx: RequestContext,
  input: CreateOrganizationInput,
): Promise<FoundedOrganization> {
  return deps.db.inOrg(newId(), async (tx) => {
    const organization = await layOrganization(tx, ctx, input);
    const { text } = await issueApiKey(tx, ctx, OPERATOR_RIGHTS, {
      displayName: 'Owner key',
      permissions: PERMISSIONS,
      fullControl: true,
    });
    return { organization, ownerKey: text };
  });
}
