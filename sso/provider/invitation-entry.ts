// The port by which the provider's interaction hands an invited person over to the invitations (design, section 4,
// "Invitations"): whoever implements it spends the invitation, admits the member, commits, and says who it was.
import type { Request } from 'express';

type InvitationEntryInput = {
  /** The provider's interaction: one request of Keycloak's client `keycloak-invitation`. */
  readonly uid: string;
  /** The browser's request; the invitation is bound to the browser by a cookie of the invitations' own. */
  readonly req: Request;
};

type InvitationEntryResult =
  /** This person is signed in: our answer to Keycloak names them. Everything is committed by now. */
  | { readonly personId: string; readonly connection?: undefined }
  /** Our own page says this; `code` is for the trace, `detail` for the person. */
  | { readonly refusal: { readonly code: string; readonly detail: string } };

/** May be called twice for one interaction (a reloaded page) and must then answer the same. */
export type InvitationEntry = (input: InvitationEntryInput) => Promise<InvitationEntryResult>;
