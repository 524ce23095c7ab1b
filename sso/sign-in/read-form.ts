// What browsers and companies send under /sso and /oidc can be kept: a query or a form with U+0000 in it, which no column
// holds, is refused before anything reads it.
import express, { type RequestHandler } from 'express';
import { findUnstorable } from '../../src/http/storable-text.ts';
import type { SsoDeps } from '../deps.ts';
import { sendRefusal } from './respond.ts';

type Deps = Pick<SsoDeps, 'config'>;

/** Answers with the page `response_unreadable`. A path needs no such look: its parts are ids and tokens of a known form. */
export function refuseUnstorable(deps: Deps): RequestHandler {
  return (req, res, next) => {
    const isStorable = findUnstorable(req.query) === undefined && findUnstorable(req.body) === undefined;
    if (isStorable) return next();
    sendRefusal(deps, res, { code: 'response_unreadable', interactionUid: undefined });
  };
}

/**
 * Reads a form of few fields into `req.body`.
 *
 * @param limit as body-parser takes it, such as `64kb`
 */
export function readForm(deps: Deps, limit: string): RequestHandler {
  const read = express.urlencoded({ extended: false, limit, parameterLimit: 20 });
  const check = refuseUnstorable(deps);
  return (req, res, next) => read(req, res, (error) => (error ? next(error) : check(req, res, next)));
}
