// A connection's own addresses for logout, as the company's administrator enters them. Pure.

/** Where the company's provider sends a browser back that has logged out there. */
export function signedOutUri(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/sso/oidc/${connectionId}/signed-out`;
}

/** Where the company's provider tells of sessions that ended there. */
export function backchannelLogoutUri(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/sso/oidc/${connectionId}/backchannel-logout`;
}
