// Cookies by which a journey is held to the browser that began it. Lax, so that they come along when another site sends the
// browser back by a link, and not with its forms. Over https they have the prefix __Host- (RFC 6265bis, 4.1.3.2): whoever
// serves a sibling name, such as a customer's page under the same domain, could otherwise plant the value of their own
// journey and have somebody else finish it.
import type { CookieOptions, Request } from 'express';

/** The name and the options of a cookie that only this very host can have set; the prefix demands the whole site as path. */
export function ownCookie(
  baseUrl: string,
  name: string,
): { readonly name: string; readonly options: Readonly<CookieOptions> } {
  const secure = baseUrl.startsWith('https:');
  return { name: secure ? `__Host-${name}` : name, options: { httpOnly: true, sameSite: 'lax', secure, path: '/' } };
}

/** Names and values in the order of the header, as they stand there. */
export function cookiesOf({ headers }: Pick<Request, 'headers'>): (readonly [name: string, value: string])[] {
  return (headers.cookie ?? '').split(';').flatMap((pair) => {
    const [name, value] = pair.trim().split('=', 2);
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
}
