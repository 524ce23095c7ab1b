// Our answer to one request of Keycloak: this person, or the one error that it passes on to the application.
import type { Provider } from 'oidc-provider';
import type { CoreDeps } from '../../src/db/core-deps.ts';
import { findOrganizationOfClient, INVITATION_CLIENT } from './provider-clients.ts';
import type { SignInFacts } from './sign-in-facts.ts';

export type Interaction = InstanceType<Provider['Interaction']>;

/** The interaction, if it is alive. */
export async function findInteraction(provider: Provider, uid: string): Promise<Interaction | undefined> {
  return (await provider.Interaction.find(uid)) as Interaction | undefined;
}

/**
 * The address typed before, and how fresh the person's authentication must be: anew (`forceLogin`), or `maxAge` seconds
 * old at most.
 */
export function wishesOf({ params }: Interaction): {
  loginHint: string | undefined;
  forceLogin: boolean;
  maxAge: number | undefined;
} {
  const { login_hint: hint, prompt, max_age: maxAge } = params;
  const prompts = typeof prompt === 'string' ? prompt.split(' ') : [];
  return {
    loginHint: typeof hint === 'string' && hint.length > 0 && hint.length <= 254 ? hint : undefined,
    forceLogin: prompts.includes('login') || Number(maxAge) === 0,
    maxAge: Number(maxAge) > 0 ? Number(maxAge) : undefined,
  };
}

/** Whether the request was made for this organization (undefined: for an invitation). Keycloak does not check it. */
export async function isFor(deps: CoreDeps, interaction: Interaction, orgId: string | undefined): Promise<boolean> {
  const clientId = String(interaction.params.client_id);
  if (orgId === undefined) return clientId === INVITATION_CLIENT;
  return (await findOrganizationOfClient(deps, clientId))?.id === orgId;
}

/** Answers with a person. Gives the address to which the browser goes on. */
export async function answerPerson(interaction: Interaction, personId: string, facts: SignInFacts): Promise<string> {
  interaction.result = { login: { accountId: personId, remember: false }, signIn: { ...facts } };
  await interaction.persist();
  return interaction.returnTo;
}

/** Answers `interaction_required`: Keycloak hands it to the application and does not ask again. */
export async function answerRefusal(interaction: Interaction): Promise<string> {
  interaction.result = { error: 'interaction_required', error_description: 'the sign-in was refused' };
  await interaction.persist();
  return interaction.returnTo;
}
