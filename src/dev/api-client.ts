// Calls to Drawbridge's own HTTP interfaces, for the demo and its data: what a customer's program would send.

export type ApiClient = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** A client for one base address and bearer credential. Throws with method, path, status and the answer's words. */
export function createApiClient(baseUrl: string, token: string): ApiClient {
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
}
