// Carries out what events ask for, inside one transaction: marks for the projection, which reads and repairs, and facts
// about sessions and break-glass owners. Doing any of it twice does no harm.
import type { Queryable } from '../db/database.ts';
import type { Reaction } from './event.ts';
import { findPersonOfAccount, findPersonProjection } from './projection-queries.ts';
import { markSubject, noteUncertain } from './projection-store.ts';
import { SSO_ENFORCED } from './realm/roles.ts';

/** Several reactions to one account or organization are one mark. */
export async function react(tx: Queryable, reactions: readonly Reaction[]): Promise<void> {
  const persons = new Set<string>();
  const organizations = new Set<string>();
  for (const reaction of reactions) {
    switch (reaction.do) {
      case 'repair-account':
        add(persons, await findPersonOfAccount(tx, reaction.accountId));
        break;
      case 'repair-account-of':
        add(persons, await findPersonOfAddress(tx, reaction.address));
        break;
      case 'judge-credential':
        add(persons, await findHeldPerson(tx, reaction.accountId));
        break;
      case 'note-password-sign-in':
        await notePasswordSignIn(tx, reaction);
        break;
      case 'note-company-sign-in':
        await noteCompanySignIn(tx, reaction);
        break;
      case 'repair-organization':
        add(organizations, await findOrganizationOf(tx, reaction.organizationId));
        break;
      case 'repair-provider':
        add(organizations, await findOrganizationOfAlias(tx, reaction.alias));
        break;
    }
  }
  for (const id of organizations) await markSubject(tx, 'organization', id, 0);
  for (const id of [...persons].sort()) {
    await noteUncertain(tx, id);
    await markSubject(tx, 'person', id, 0);
  }
}

function add(to: Set<string>, id: string | undefined): void {
  if (id !== undefined) to.add(id);
}

/** The person, if the account must sign in through the company. */
async function findHeldPerson(tx: Queryable, accountId: string): Promise<string | undefined> {
  const personId = await findPersonOfAccount(tx, accountId);
  const person = personId === undefined ? undefined : await findPersonProjection(tx, personId);
  return person?.roles.includes(SSO_ENFORCED) ? personId : undefined;
}

async function findPersonOfAddress(tx: Queryable, address: string): Promise<string | undefined> {
  const [row] = await tx.query<{ person_id: string }>({
    name: 'person-of-address',
    text: 'select person_id from person_standing($1)',
    values: [address],
  });
  return row?.person_id;
}

async function notePasswordSignIn(
  tx: Queryable,
  { accountId, sessionId, at }: Reaction & { readonly do: 'note-password-sign-in' },
): Promise<void> {
  const personId = await findPersonOfAccount(tx, accountId);
  if (personId === undefined) return;
  await tx.query({
    name: 'password-sign-in',
    text: 'select note_password_sign_in($1, $2, $3)',
    values: [personId, sessionId ?? '', at],
  });
}

/** A logout at the company ends this session of Keycloak, also where a password had opened it. */
async function noteCompanySignIn(
  tx: Queryable,
  { accountId, alias, sessionId, at }: Reaction & { readonly do: 'note-company-sign-in' },
): Promise<void> {
  const personId = await findPersonOfAccount(tx, accountId);
  if (personId === undefined) return;
  await tx.query({
    name: 'company-sign-in',
    text: 'select note_company_sign_in($1, $2, $3, $4)',
    values: [personId, alias, sessionId, at],
  });
}

async function findOrganizationOf(tx: Queryable, keycloakId: string): Promise<string | undefined> {
  const [row] = await tx.query<{ id: string }>({
    name: 'organization-of-keycloak-id',
    text: `select id from keycloak_id where kind = 'organization' and keycloak_id = $1`,
    values: [keycloakId],
  });
  return row?.id;
}

/** The organization whose provider has this alias. */
async function findOrganizationOfAlias(tx: Queryable, alias: string): Promise<string | undefined> {
  const [row] = await tx.query<{ org_id: string }>({
    name: 'organization-of-provider',
    text: `select org_id from keycloak_id where kind = 'connection' and keycloak_id = $1 limit 1`,
    values: [alias],
  });
  return row?.org_id;
}
