// A browser's part without a browser, for `npm run demo`: follows redirects one by one and remembers each hop, keeps
// cookies as browsers do (by host, not by port; Lax ones stay away from cross-site POSTs), fills in forms. Real browsers
// do the same journeys in test/e2e.

export type Page = { readonly url: string; readonly status: number; readonly html: string };

export type Hop = { readonly method: string; readonly url: string; readonly status: number };

type Cookie = { readonly name: string; readonly value: string; readonly path: string };

const MAX_HOPS = 40;

export class ScriptedBrowser {
  readonly #cookies = new Map<string, Map<string, Cookie>>();
  #hops: Hop[] = [];

  /** Opens an address and follows it to a page. */
  open(url: string): Promise<Page> {
    return this.#follow(url, undefined, url);
  }

  /** Sends the page's first form whose action contains `action`, with `fields` over its own hidden ones. */
  submit(page: Page, fields: Readonly<Record<string, string>> = {}, action = ''): Promise<Page> {
    const form = findForm(page, action);
    if (!form)
      throw new Error(`There is no form on ${page.url} (status ${page.status}): ${textOf(page).slice(0, 300)}`);
    const body = new URLSearchParams({ ...form.fields, ...fields });
    if (form.method === 'get') {
      const url = new URL(form.action);
      url.search = body.toString();
      return this.open(url.href);
    }
    return this.#follow(form.action, body, page.url);
  }

  /** The hops since the last call. */
  takeHops(): Hop[] {
    const hops = this.#hops;
    this.#hops = [];
    return hops;
  }

  async #follow(start: string, startBody: URLSearchParams | undefined, from: string): Promise<Page> {
    let url = start;
    let body = startBody;
    let origin = from;
    for (let count = 0; count < MAX_HOPS; count += 1) {
      const response = await this.#fetch(url, body, origin);
      this.#hops.push({ method: body ? 'POST' : 'GET', url, status: response.status });
      const location = response.headers.get('location');
      if (location && response.status >= 300 && response.status < 400) {
        await response.arrayBuffer();
        origin = url;
        url = new URL(location, url).href;
        if (response.status !== 307 && response.status !== 308) body = undefined;
        continue;
      }
      const page = { url, status: response.status, html: await response.text() };
      const relay = selfSubmitting(page);
      if (!relay) return page;
      origin = url;
      url = relay.action;
      body = new URLSearchParams(relay.fields);
    }
    throw new Error(`Too many redirects from ${start}`);
  }

  async #fetch(url: string, body: URLSearchParams | undefined, from: string): Promise<Response> {
    const crossSitePost = body !== undefined && new URL(url).hostname !== new URL(from).hostname;
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      redirect: 'manual',
      headers: crossSitePost ? {} : { cookie: this.#cookieHeader(url) },
      ...(body ? { body } : {}),
    });
    for (const line of response.headers.getSetCookie()) this.#remember(url, line);
    return response;
  }

  #cookieHeader(url: string): string {
    const { hostname, pathname } = new URL(url);
    return [...(this.#cookies.get(hostname)?.values() ?? [])]
      .filter((cookie) => pathname.startsWith(cookie.path))
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join('; ');
  }

  #remember(url: string, line: string): void {
    const { hostname } = new URL(url);
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    const jar = this.#cookies.get(hostname) ?? new Map<string, Cookie>();
    this.#cookies.set(hostname, jar);
    const ended = attributes.some(
      (attribute) => /^max-age=0$/i.test(attribute) || /^expires=Thu, 01.Jan.1970/i.test(attribute),
    );
    if (ended) jar.delete(`${name} ${path}`);
    else jar.set(`${name} ${path}`, { name, value: pair.slice(at + 1), path });
  }
}

type Form = { readonly action: string; readonly method: string; readonly fields: Record<string, string> };

/** The first form of a page whose action contains `action`, with the values that it would send. */
function findForm(page: Page, action: string): Form | undefined {
  for (const [, head = '', inner = ''] of page.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const target = new URL(unescapeHtml(attribute(head, 'action') ?? ''), page.url).href;
    if (!target.includes(action)) continue;
    const fields: Record<string, string> = {};
    for (const [, input = ''] of inner.matchAll(/<(?:input|button)\b([^>]*)>/gi)) {
      const name = attribute(input, 'name');
      if (name && !/type="(checkbox|radio)"/i.test(input))
        fields[unescapeHtml(name)] = unescapeHtml(attribute(input, 'value') ?? '');
    }
    return { action: target, method: (attribute(head, 'method') ?? 'get').toLowerCase(), fields };
  }
  return undefined;
}

/** A page that only carries a form to the next party (SAML's POST binding). */
function selfSubmitting(page: Page): Form | undefined {
  return /name="(SAMLResponse|SAMLRequest)"/i.test(page.html) ? findForm(page, '') : undefined;
}

/** The words of a page. */
export function textOf(page: Page): string {
  return unescapeHtml(page.html.replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]+>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}\\s*=\\s*("([^"]*)"|'([^']*)')`, 'i').exec(tag);
  return match ? (match[2] ?? match[3]) : undefined;
}

function unescapeHtml(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_match, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_match, decimal: string) => String.fromCodePoint(Number(decimal)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
