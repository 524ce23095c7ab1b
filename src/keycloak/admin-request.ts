// One HTTP call to the admin API over connections that are kept: `node:http`, since fetch with its streams costs three
// times as much, and a push of a whole company is three calls for each person.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { KeycloakUnreachable } from './keycloak-error.ts';

type Call = {
  readonly method: 'POST' | 'PUT';
  /** Below the base address, with its slash. */
  readonly path: string;
  readonly body: unknown;
  readonly token: string;
};

type Answer = { readonly status: number; readonly location: string | undefined; readonly text: string };

/** Makes calls below `base`; each throws KeycloakUnreachable when no whole answer came within `timeoutMs`. */
export function createRequester(base: URL, timeoutMs: number): (call: Call) => Promise<Answer> {
  const secure = base.protocol === 'https:';
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const request = secure ? httpsRequest : httpRequest;
  const { hostname, port } = urlToHttpOptions(base);
  return ({ method, path, body, token }) =>
    new Promise((resolve, reject) => {
      const content = body === undefined ? undefined : JSON.stringify(body);
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(new KeycloakUnreachable(`Keycloak does not answer: ${error.message}`, error));
      };
      const headers = {
        authorization: `Bearer ${token}`,
        ...(content === undefined
          ? { 'content-length': 0 }
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
      };
      const sent = request({ agent, hostname, port, method, path: base.pathname + path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, location: response.headers.location, text });
        });
      });
      const timer = setTimeout(() => sent.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
      sent.on('error', fail);
      sent.end(content);
    });
}
