// Our authentication flows as data: what Keycloak asks, in order (field notes 12.1, 12.3, 12.7). Pure.
import { MFA_REQUIRED, SSO_ENFORCED } from './roles.ts';

type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'CONDITIONAL';

export type FlowStep =
  | { readonly provider: string; readonly requirement: Requirement; readonly config?: Readonly<Record<string, string>> }
  | { readonly flow: string; readonly requirement: Requirement; readonly steps: readonly FlowStep[] };

export type Flow = { readonly alias: string; readonly steps: readonly FlowStep[] };

const ask = (provider: string, config?: Readonly<Record<string, string>>): FlowStep => ({
  provider,
  requirement: 'REQUIRED',
  ...(config && { config }),
});
const offer = (provider: string): FlowStep => ({ provider, requirement: 'ALTERNATIVE' });
const when = (flow: string, ...steps: FlowStep[]): FlowStep => ({ flow, requirement: 'CONDITIONAL', steps });
const either = (flow: string, ...steps: FlowStep[]): FlowStep => ({ flow, requirement: 'ALTERNATIVE', steps });

const hasRole = (role: string) => ask('conditional-user-role', { condUserRole: role });
const deny = (message: string) => ask('deny-access-authenticator', { denyErrorMessage: message });
const configured = ask('conditional-user-configured');

/** Every account is made and linked by us before its first sign-in, so a first broker login is a stranger. */
export const FIRST_LOGIN_DENIED: Flow = { alias: 'first login denied', steps: [deny('dbNotPrepared')] };

/** After our provider's answer. Without the first step everybody who lacks the role would be refused. */
export const AFTER_BROKER_FLOW: Flow = {
  alias: 'drawbridge after broker',
  steps: [
    ask('allow-access-authenticator'),
    when('drawbridge after broker second factor', hasRole(MFA_REQUIRED), ask('auth-otp-form')),
  ],
};

// The refusal comes after the password: before it, it would tell a stranger who is under enforcement.
export const BROWSER_FLOW: Flow = {
  alias: 'drawbridge browser',
  steps: [
    offer('auth-cookie'),
    offer('identity-provider-redirector'),
    either('drawbridge organization', when('drawbridge organization known', configured, offer('organization'))),
    either(
      'drawbridge forms',
      ask('auth-username-password-form'),
      when('drawbridge deny password', hasRole(SSO_ENFORCED), deny('dbSsoRequired')),
      when(
        'drawbridge second factor',
        configured,
        ask('conditional-credential', { credentials: 'webauthn-passwordless' }),
        offer('auth-otp-form'),
      ),
      when(
        'drawbridge demanded second factor',
        hasRole(MFA_REQUIRED),
        ask('conditional-sub-flow-executed', {
          flow_to_check: 'drawbridge second factor',
          check_result: 'not-executed',
        }),
        ask('auth-otp-form'),
      ),
    ),
  ],
};

// The refusal comes after the mail step: before it, the page would tell who has an account and is under enforcement.
export const RESET_FLOW: Flow = {
  alias: 'drawbridge reset credentials',
  steps: [
    ask('reset-credentials-choose-user'),
    ask('reset-credential-email'),
    when('drawbridge deny reset', hasRole(SSO_ENFORCED), deny('dbSsoRequired')),
    ask('reset-password'),
    when('drawbridge reset second factor', configured, ask('reset-otp')),
  ],
};

export const FLOWS: readonly Flow[] = [FIRST_LOGIN_DENIED, AFTER_BROKER_FLOW, BROWSER_FLOW, RESET_FLOW];
