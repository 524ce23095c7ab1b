// /openapi.json, and /docs: one small page of ours that renders it. Nothing comes from elsewhere, and the policy says so.
import { readFileSync } from 'node:fs';
import { Router } from 'express';
import { scopeOf } from './request-scope.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES = [
  { path: '/docs', file: new URL('./docs/index.html', import.meta.url), type: 'html' },
  { path: '/docs/docs.js', file: new URL('./docs/docs.js', import.meta.url), type: 'js' },
  { path: '/docs/docs.css', file: new URL('./docs/docs.css', import.meta.url), type: 'css' },
] as const;

/** `describe` gives the document; it is rendered at the first request, then kept. */
export function docsRoutes(describe: () => object): Router {
  const router = Router({ strict: true });
  let json: string | undefined;
  router.get('/openapi.json', (_request, response) => {
    scopeOf(response).route = '/openapi.json';
    json ??= JSON.stringify(describe());
    response.type('application/vnd.oai.openapi+json;version=3.1').send(json);
  });
  for (const { path, file, type } of FILES) {
    const text = readFileSync(file, 'utf8');
    router.get(path, (_request, response) => {
      scopeOf(response).route = path;
      response.setHeader('Content-Security-Policy', CSP);
      response.setHeader('Cache-Control', 'no-cache');
      response.type(type).send(text);
    });
  }
  router.get('/docs/', (_request, response) => response.redirect(308, '/docs'));
  return router;
}
