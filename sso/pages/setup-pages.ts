// The pages of a set-up link, for the customer's IT administrator: one page with a part for each scope, its state, and what
// to do next. Nothing loads, nothing runs. Pure.
import { type Html, html } from '../../src/html.ts';
import { type Domain, txtName } from '../../src/orgs/organization.ts';
import { wordTime } from '../../src/word-time.ts';
import type { Connection } from '../connections/connection.ts';
import { missingFor } from '../connections/connection.ts';
import { companyValues } from '../connections/connection-view.ts';
import { listPresets, setupSteps } from '../connections/presets.ts';
import type { SetupState } from '../setup/read-setup.ts';
import { type Page, page } from './page.ts';
import { CONNECTION_WORDS, standing } from './setup-standing.ts';

export type SetupFrame = {
  /** The page's own path; its forms post below it. */
  readonly page: string;
  /** Holds the forms to this browser. */
  readonly binding: string;
  readonly baseUrl: string;
  readonly status: number;
  /** Why the last step was refused. */
  readonly fault: string | undefined;
  /** What was typed into the step that was refused; secrets and documents are typed again. */
  readonly typed: (field: 'domain' | 'metadataUrl' | 'issuer' | 'clientId') => string;
};

export function setupPage(state: SetupState, frame: SetupFrame): Page {
  const { link, organizationName } = state;
  const has = (scope: (typeof link.scopes)[number]) => link.scopes.includes(scope);
  const body = html`${frame.fault === undefined ? undefined : html`<p class="note fault" role="alert">${frame.fault}</p>`}
<p>Here you set up how your company’s people get into the organization <strong>${organizationName}</strong>. You need nothing but this page
and the administration of your identity provider. Nothing that you set up works before an administrator of ${organizationName} switches it on.</p>
${standing(state)}
${has('domain') ? domainPart(state, frame) : undefined}
${has('connection') ? connectionPart(state, frame) : undefined}
${has('directory') ? directoryPart(state, frame) : undefined}
<p class="reference">This link works until ${wordTime(link.expiresAt)}. Keep it to yourself: whoever has it can do what you can do here.</p>`;
  return page({ status: frame.status, title: `Set up ${organizationName}`, wide: true, body: body.html });
}

/** One page for links that are unknown, over or revoked: it tells nothing about which. */
export function setupGonePage(): Page {
  return page({
    status: 410,
    title: 'This set-up link does not work',
    body: '<p>It may have expired, been withdrawn, or been cut off when it was copied. Ask whoever sent it to you for a new one. What was set up before is not lost.</p>',
  });
}

/** The token of a directory, this once. */
export function tokenPage(input: { readonly token: string; readonly scimUrl: string; readonly page: string }): Page {
  return page({
    status: 200,
    title: 'Your directory’s token',
    wide: true,
    body: html`<p>Enter both in your directory’s provisioning. The token is shown this once: copy it now.</p>
<dl><dt>SCIM base URL</dt><dd><code>${input.scimUrl}</code></dd><dt>Bearer token</dt><dd><code>${input.token}</code></dd></dl>
<p class="soft">Until an administrator switches the directory on, what it sends is refused with 403.</p>
<p><a href="${input.page}#directory">Back to the set-up</a></p>`.html,
  });
}

function domainPart({ domains }: SetupState, frame: SetupFrame): Html {
  return html`<h2 id="domains">Mail domains</h2>
<p>Prove that the domain of your people’s addresses is yours: publish the TXT record at your DNS provider, then press Verify.</p>
${domains.map((domain) => domainRow(domain, frame))}
${form(frame, 'domain', 'Add the domain', html`<p><label for="domain">Domain</label><input id="domain" name="domain" required maxlength="253" autocomplete="off" placeholder="example.com" value="${frame.typed('domain')}"></p>`)}`;
}

const DOMAIN_STATES: Readonly<Record<Domain['status'], readonly [string, string]>> = {
  pending: ['', 'not proved yet'],
  proved: ['good', 'proved; waits to be confirmed by an administrator'],
  verified: ['good', 'verified'],
  lost: ['bad', 'lost: its record is gone; publish it again and ask an administrator to verify'],
};

function domainRow(claim: Domain, frame: SetupFrame): Html {
  const [mark, words] = DOMAIN_STATES[claim.status];
  return html`<p><strong>${claim.domain}</strong> <span class="state ${mark}">${words}</span></p>
${
  claim.status !== 'pending'
    ? undefined
    : html`<dl><dt>Type</dt><dd>TXT</dd><dt>Name</dt><dd><code>${txtName(claim.domain)}</code></dd><dt>Value</dt><dd><code>${claim.txtValue}</code></dd></dl>
${form(frame, 'prove', 'Verify', html`<input type="hidden" name="domain" value="${claim.domain}">`)}`
}`;
}

function connectionPart(state: SetupState, frame: SetupFrame): Html {
  const { connection } = state;
  return html`<h2 id="connection">Sign-in</h2>
${connection ? connectionState(connection, state, frame) : html`<p>Choose your identity provider. You see next what to enter there.</p>`}
${
  connection === undefined
    ? chooser(frame, 'Choose')
    : html`<details><summary>Use another provider or protocol</summary>${chooser(frame, 'Start over')}</details>`
}`;
}

function chooser(frame: SetupFrame, label: string): Html {
  const options = listPresets().map(
    ({ preset, protocol, displayName }) =>
      html`<option value="${preset} ${protocol}">${displayName} · ${protocol === 'saml' ? 'SAML 2.0' : 'OpenID Connect'}</option>`,
  );
  return form(
    frame,
    'choose',
    label,
    html`<p><label for="provider">Identity provider</label><select id="provider" name="provider">${options}</select></p>`,
  );
}

function connectionState(connection: Connection, { lastTest }: SetupState, frame: SetupFrame): Html {
  const enter = companyValues(frame.baseUrl, connection);
  const missing = missingFor(connection);
  const isOpen = connection.status === 'draft' || connection.status === 'tested';
  return html`<p><span class="state ${connection.status === 'draft' ? '' : 'good'}">${CONNECTION_WORDS[connection.status]}</span></p>
<h3>1. Enter at your provider</h3>
<dl>${Object.entries(enter).map(([name, value]) => html`<dt>${ENTER_WORDS[name] ?? name}</dt><dd><code>${value}</code></dd>`)}</dl>
<details><summary>Step by step</summary><ol>${setupSteps(connection, enter).map((step) => html`<li>${step}</li>`)}</ol></details>
${
  isOpen
    ? html`<h3>2. Give us what your provider shows</h3>
${providerForm(connection, frame)}
<h3>3. Test</h3>
${lastTest ? html`<p>Last test: <span class="state ${lastTest.outcome === 'passed' ? 'good' : 'bad'}">${lastTest.outcome}</span> ${lastTest.result?.refusal?.cause}</p>` : undefined}
${
  missing === undefined
    ? form(
        frame,
        'test',
        'Run a test sign-in',
        html`<p>You sign in at your provider in a new tab, and see every check. Nothing is changed by it. Then load this page anew.</p>`,
        true,
      )
    : html`<p class="note">Not ready for a test: ${missing}</p>`
}`
    : html`<p>It was switched on by an administrator, so it is not changed here any more.</p>`
}`;
}

const ENTER_WORDS: Readonly<Record<string, string>> = {
  entityId: 'Entity ID (identifier)',
  acsUrl: 'ACS URL (reply URL)',
  sloUrl: 'Single logout URL',
  metadataUrl: 'Metadata to upload',
  redirectUri: 'Redirect URI',
  signedOutUri: 'Sign-out redirect URI',
  backchannelLogoutUri: 'Back-channel logout URI',
  clientKeysUri: 'Our public keys, for private_key_jwt only',
};

function providerForm(connection: Connection, frame: SetupFrame): Html {
  if (connection.protocol === 'saml') {
    const known = connection.settings.idp;
    return html`${known ? html`<p class="soft">Known: ${known.idpEntityId}, signs in at ${known.ssoUrl}, ${known.certificates.length === 1 ? 'one certificate' : `${known.certificates.length} certificates`}.</p>` : undefined}
${form(
  frame,
  'provider',
  known ? 'Replace' : 'Save',
  html`<p><label for="metadataUrl">Metadata URL</label><input id="metadataUrl" name="metadataUrl" type="url" autocomplete="off" placeholder="https://…" value="${frame.typed('metadataUrl')}"></p>
<p><label for="metadataXml">or the metadata itself (XML)</label><textarea id="metadataXml" name="metadataXml" spellcheck="false"></textarea></p>`,
)}`;
  }
  const { issuer, clientId } = connection.settings;
  return form(
    frame,
    'provider',
    'Save',
    html`<p><label for="issuer">Issuer</label><input id="issuer" name="issuer" type="url" autocomplete="off" placeholder="https://…" value="${frame.typed('issuer') || (issuer ?? '')}"></p>
<p><label for="clientId">Client ID</label><input id="clientId" name="clientId" autocomplete="off" value="${frame.typed('clientId') || (clientId ?? '')}"></p>
<p><label for="clientSecret">Client secret</label><input id="clientSecret" name="clientSecret" type="password" autocomplete="off" placeholder="${connection.secret ? 'kept; fill in to replace' : ''}"></p>`,
  );
}

function directoryPart({ directory }: SetupState, frame: SetupFrame): Html {
  const intro = html`<h2 id="directory">Directory (SCIM)</h2>
<p>Your directory can push people and groups, so that who leaves is cut off at once.</p>`;
  if (!directory) {
    return html`${intro}${form(
      frame,
      'directory',
      'Make the directory and its token',
      html`<p><label for="profile">Directory</label><select id="profile" name="profile"><option value="entra">Microsoft Entra ID</option><option value="okta">Okta</option><option value="generic">Another</option></select></p>`,
    )}`;
  }
  return html`${intro}
<p><span class="state ${directory.isActive ? 'good' : ''}">${directory.isActive ? 'active' : 'made; waits to be switched on by an administrator'}</span></p>
<dl><dt>SCIM base URL</dt><dd><code>${frame.baseUrl}/scim/v2</code></dd></dl>
${
  directory.isActive
    ? html`<p class="soft">Ask an administrator for another token.</p>`
    : form(frame, 'token', 'Make another token', html`<p class="soft">Two tokens work at once. Each is shown once.</p>`)
}`;
}

/** A form of one step. `apart` opens its answer in a tab of its own. */
function form(frame: SetupFrame, step: string, label: string, fields: Html, apart = false): Html {
  return html`<form method="post" action="${frame.page}/${step}"${apart ? { html: ' target="_blank" rel="noopener"' } : undefined}>
<input type="hidden" name="binding" value="${frame.binding}">${fields}<button>${label}</button></form>`;
}
