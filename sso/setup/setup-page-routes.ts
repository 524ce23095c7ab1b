// The set-up pages of a link: a GET shows how far things are and changes nothing, each button is a POST bound to the browser
// that got the page. Links that open nothing look alike, whatever they were.
import { type Request, type Response, Router } from 'express';
import { DomainError, errorInfo } from '../../src/errors.ts';
import { setupGonePage, setupPage, tokenPage } from '../pages/setup-pages.ts';
import { readForm } from '../sign-in/read-form.ts';
import { atRoute, contextOf, sendOn, sendPage, textOf } from '../sign-in/respond.ts';
import { bindForms, isBoundForm } from './form-binding.ts';
import { openSetupLink } from './open-setup-link.ts';
import { readSetup } from './read-setup.ts';
import {
  addDomain,
  askForTest,
  chooseProvider,
  type Form,
  giveProvider,
  makeDirectory,
  proveByDns,
  renewToken,
  type Setup,
  type SetupDeps,
} from './run-setup-step.ts';
import type { SetupLink } from './setup-link.ts';

/** The metadata of a provider is the largest that a form carries. */
const FORM_LIMIT = '2mb';

/** Where the browser goes next, or a secret that is shown this once. */
type Done = { readonly goTo: string } | { readonly token: string };
type Step = (deps: SetupDeps, setup: Setup, form: Form, page: string) => Promise<Done>;

const back =
  (anchor: string, run: (deps: SetupDeps, setup: Setup, form: Form) => Promise<void>): Step =>
  async (deps, setup, form, page) => {
    await run(deps, setup, form);
    return { goTo: `${page}#${anchor}` };
  };

const STEPS: Readonly<Record<string, Step>> = {
  choose: back('connection', chooseProvider),
  provider: back('connection', giveProvider),
  test: async (deps, setup) => ({ goTo: await askForTest(deps, setup) }),
  domain: back('domains', addDomain),
  prove: back('domains', proveByDns),
  directory: async (deps, setup, form) => ({ token: await makeDirectory(deps, setup, form) }),
  token: async (deps, setup) => ({ token: await renewToken(deps, setup) }),
};

export function setupPageRoutes(deps: SetupDeps): Router {
  const router = Router();
  const form = readForm(deps, FORM_LIMIT);
  router.get('/sso/setup/:token', atRoute('/sso/setup/{token}'), async (req, res) => {
    const link = await openSetupLink(deps, req.params.token);
    if (!link) return sendPage(res, setupGonePage());
    await show(deps, req, res, link, undefined);
  });
  // what a refused step leaves in the address bar, opened anew
  router.get('/sso/setup/:token/:step', atRoute('/sso/setup/{token}/{step}'), (req, res) => sendOn(res, pageOf(req)));
  router.post('/sso/setup/:token/:step', atRoute('/sso/setup/{token}/{step}'), form, async (req, res) => {
    const link = await openSetupLink(deps, textOf(req.params.token));
    const name = textOf(req.params.step);
    const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
    if (!link || !step) return sendPage(res, setupGonePage());
    const fields = (req.body ?? {}) as Record<string, unknown>;
    if (!isBoundForm(req, deps.config, link.id, textOf(fields.binding))) {
      const detail = 'This form was not sent from the page that you have open, or your browser keeps no cookies.';
      return show(deps, req, res, link, new DomainError('forbidden', `${detail} Try once more from here.`));
    }
    await take(deps, req, res, link, (setup, page) => step(deps, setup, (field) => textOf(fields[field]), page));
  });
  return router;
}

async function take(
  deps: SetupDeps,
  req: Request,
  res: Response,
  link: SetupLink,
  run: (setup: Setup, page: string) => Promise<Done>,
): Promise<void> {
  const ctx = contextOf(deps, res, { kind: 'setup_link', id: link.id });
  const page = pageOf(req);
  try {
    const done = await run({ link, ctx }, page);
    if ('goTo' in done) return sendOn(res, done.goTo);
    sendPage(res, tokenPage({ token: done.token, scimUrl: `${deps.config.baseUrl}/scim/v2`, page }));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    ctx.log.info({ code: error.code, setupLink: link.id }, 'a set-up step was refused');
    await show(deps, req, res, link, error);
  }
}

async function show(
  deps: SetupDeps,
  req: Request,
  res: Response,
  link: SetupLink,
  fault: DomainError | undefined,
): Promise<void> {
  const binding = bindForms(req, res, deps.config, link.id);
  const state = await readSetup(deps, link);
  const status = fault ? errorInfo(fault.code).status : 200;
  const { baseUrl } = deps.config;
  const fields = (req.body ?? {}) as Record<string, unknown>;
  const typed = (field: string) => (fault ? textOf(fields[field]) : '');
  sendPage(res, setupPage(state, { page: pageOf(req), binding, baseUrl, status, fault: fault?.message, typed }));
}

function pageOf(req: Request): string {
  return `/sso/setup/${textOf(req.params.token)}`;
}
