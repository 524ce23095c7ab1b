// Whether a form was sent from a page of another site. Our pages tell nobody their address (Referrer-Policy), so browsers
// send "Origin: null"; the fetch metadata says it instead. Pure.
import type { Request } from 'express';

export function isForeignForm(req: Pick<Request, 'get'>): boolean {
  const site = req.get('sec-fetch-site');
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
