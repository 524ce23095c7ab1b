// Who asks, in which request: handed to every use case, written into every audit event.
import type { Logger } from 'pino';

export type Actor =
  | { readonly kind: 'operator'; readonly id: string }
  | { readonly kind: 'api_key'; readonly id: string }
  | { readonly kind: 'person'; readonly id: string; readonly memberId?: string }
  | { readonly kind: 'directory'; readonly id: string }
  | { readonly kind: 'connection'; readonly id: string }
  | { readonly kind: 'setup_link'; readonly id: string }
  | { readonly kind: 'system'; readonly id: string };

export type RequestContext = {
  readonly requestId: string;
  readonly log: Logger;
  readonly actor: Actor;
};
