// One request of Keycloak, as the browser brings it: on to the company of the client's organization, or to the
// invitations. And the way back from a refusal.
import { type Request, type Response, Router } from 'express';
import { errors } from 'oidc-provider';
import { listActiveConnections, listConnections } from '../connections/connection-queries.ts';
import { choosePage } from '../pages/choose-page.ts';
import { postPage } from '../pages/post-page.ts';
import { answerPerson, answerRefusal, type Interaction, wishesOf } from '../provider/answer-keycloak.ts';
import { interactionPath } from '../provider/provider.ts';
import { findOrganizationOfClient, INVITATION_CLIENT } from '../provider/provider-clients.ts';
import { beginSignIn } from './begin-sign-in.ts';
import { ensureBrowser } from './browser-cookie.ts';
import { recordRefusal } from './finish-sign-in.ts';
import { fittingConnections } from './home-realm.ts';
import { SignInRefused } from './refusals.ts';
import { atRoute, type SignInDeps, sendOn, sendPage, sendRefusal, textOf } from './respond.ts';
import { beginTrace, note } from './sign-in-trace.ts';

export function interactionRoutes(deps: SignInDeps): Router {
  const router = Router();
  router.get('/sso/interaction/:uid', atRoute('/sso/interaction/{uid}'), async (req, res) => {
    const interaction = await interactionOf(deps, req, res);
    if (!interaction) return sendRefusal(deps, res, { code: 'request_expired', interactionUid: undefined });
    if (interaction.params.client_id === INVITATION_CLIENT) return enterByInvitation(deps, interaction, req, res);
    return enterByCompany(deps, interaction, req, res);
  });
  router.post('/sso/interaction/:uid/back', atRoute('/sso/interaction/{uid}/back'), async (req, res) => {
    const interaction = await interactionOf(deps, req, res);
    sendOn(res, interaction ? await answerRefusal(interaction) : deps.config.appUrl);
  });
  return router;
}

/** The interaction of the path, if this browser is the one in which it began (the provider's own cookie says so). */
async function interactionOf(deps: SignInDeps, req: Request, res: Response): Promise<Interaction | undefined> {
  try {
    const interaction = await deps.provider().interactionDetails(req, res);
    return interaction.uid === req.params.uid ? (interaction as Interaction) : undefined;
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  }
}

async function enterByInvitation(deps: SignInDeps, interaction: Interaction, req: Request, res: Response) {
  const { uid } = interaction;
  const entry = await deps.invitationEntry({ uid, req });
  if ('refusal' in entry) {
    const { code, detail } = entry.refusal;
    return sendRefusal(deps, res, { code: 'invitation_refused', detail, reference: code, interactionUid: uid });
  }
  const loginAt = Math.floor(deps.clock.now().getTime() / 1000);
  sendOn(res, await answerPerson(interaction, entry.personId, { loginAt }));
}

async function enterByCompany(deps: SignInDeps, interaction: Interaction, req: Request, res: Response) {
  const { uid } = interaction;
  const organization = await findOrganizationOfClient(deps, String(interaction.params.client_id));
  if (!organization) return sendRefusal(deps, res, { code: 'connection_missing', interactionUid: uid });
  const wishes = wishesOf(interaction);
  const fitting = fittingConnections(await listActiveConnections(deps, organization.id), wishes.loginHint);
  const chosen = fitting.find(({ id }) => id === textOf(req.query.connection));
  if (fitting.length > 1 && !chosen) {
    return sendPage(res, choosePage({ path: interactionPath(uid), connections: fitting }));
  }
  const connection = chosen ?? fitting[0];
  try {
    if (!connection) throw await refuseWithoutConnection(deps, organization.id);
    const browser = ensureBrowser(req, res, deps.config.baseUrl);
    const away = await beginSignIn(deps, {
      connection,
      answers: { interactionUid: uid },
      browserHash: browser,
      ...wishes,
    });
    if ('url' in away) sendOn(res, away.url);
    else sendPage(res, postPage(away.form));
  } catch (error) {
    if (!(error instanceof SignInRefused)) throw error;
    const trace = beginTrace(organization.id, connection?.id);
    note(trace, error.code, false, error.message);
    const reference = await recordRefusal(deps, trace, error);
    sendRefusal(deps, res, { code: error.code, reference, traced: true, interactionUid: uid });
  }
}

/** Nobody can sign in: a connection was switched off, or there never was one. */
async function refuseWithoutConnection(deps: SignInDeps, orgId: string): Promise<SignInRefused> {
  const connections = await listConnections(deps, orgId);
  return connections.some(({ status }) => status === 'disabled')
    ? new SignInRefused('connection_disabled', 'The organization has switched its connection off.')
    : new SignInRefused('connection_missing', 'The organization has no active connection.');
}
