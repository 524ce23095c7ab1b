// What the tests use of samlp, which comes without types.
declare module 'samlp' {
  import type { RequestHandler } from 'express';

  type Done<T> = (error: unknown, value?: T) => void;

  export type Participant = {
    readonly serviceProviderId: string;
    readonly serviceProviderLogoutURL: string;
    readonly nameId: string;
    readonly nameIdFormat: string | undefined;
    readonly sessionIndex: string;
    readonly cert: string;
  };

  const samlp: {
    auth(options: Record<string, unknown>): RequestHandler;
    logout(options: Record<string, unknown>): RequestHandler;
    metadata(options: Record<string, unknown>): RequestHandler;
  };

  export type { Done };
  // biome-ignore lint/style/noDefaultExport: it is how a CommonJS package looks from here
  export default samlp;
}
