// An access token is checked by its signature, so it outlives whoever is cut off: five minutes at most, by the realm's
// setting, which no client may stretch for itself.
import type { RealmStep } from './realm-step.ts';

/** How long an access token of the realm lives, in seconds. */
export const ACCESS_TOKEN_SECONDS = 300;

const OWN_LIFE = 'access.token.lifespan';
const PAGE = 100;

/** Takes a longer life out of every client that has one of its own. */
export async function ensureTokenLives(step: RealmStep): Promise<void> {
  const { admin } = step;
  for (let first = 0; ; first += PAGE) {
    const clients = await admin.call((api) => api.clients.find({ first, max: PAGE }));
    for (const client of clients) {
      const id = client.id!;
      const life: string | undefined = client.attributes?.[OWN_LIFE];
      if (!life || isShort(Number(life))) continue;
      await step.change(`client ${client.clientId} gives access tokens of ${life} s`, () =>
        admin.call((api) =>
          api.clients.update({ id }, { ...client, attributes: { ...client.attributes, [OWN_LIFE]: '' } }),
        ),
      );
    }
    if (clients.length < PAGE) return;
  }
}

/** Keycloak takes a negative number for "as long as the session". */
function isShort(seconds: number): boolean {
  return seconds > 0 && seconds <= ACCESS_TOKEN_SECONDS;
}
