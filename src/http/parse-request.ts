// Path, query and body through their schemas; every fault of a request is told at once.
import type { Request } from 'express';
import { z } from 'zod';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import type { Endpoint } from './endpoint.ts';

type Fault = { readonly in: 'query' | 'body'; readonly path: string; readonly message: string };

const NOTHING = z.strictObject({});

/** The parsed parts, as the endpoint's handler gets them. Throws `not_found` for a path that can name nothing. */
export function parseRequest(
  declared: Endpoint,
  request: Request,
  body: unknown,
): { params: unknown; query: unknown; body: unknown } {
  const faults: Fault[] = [];
  const query = parse('query', declared.query ?? NOTHING, request.query, faults);
  const parsedBody =
    declared.body === undefined && body === undefined
      ? undefined
      : parse('body', declared.body ?? NOTHING, body, faults);
  if (faults.length > 0) {
    const detail = faults.map((fault) => `${fault.in} ${fault.path}: ${fault.message}`.replace(' :', ':')).join('; ');
    throw new DomainError('invalid_request', detail, { data: { errors: faults } });
  }
  return { params: parsePath(declared, request), query, body: parsedBody };
}

/** What has the wrong form names nothing, as what is well formed and unknown does: both are 404. */
function parsePath(declared: Endpoint, request: Request): unknown {
  const parsed = (declared.params ?? z.object({})).safeParse(request.params);
  if (!parsed.success) throw new DomainError('not_found', 'There is nothing at this address.');
  return parsed.data;
}

function parse(place: Fault['in'], schema: z.ZodType, value: unknown, faults: Fault[]): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        faults.push({ in: place, path: [...issue.path, key].join('.'), message: 'is not known here' });
    } else {
      const missing = value === undefined && issue.path.length === 0;
      faults.push({ in: place, path: issue.path.join('.'), message: missing ? 'is missing' : issue.message });
    }
  }
  return undefined;
}

/** A path parameter that is one of our ids. */
export const idParam = z.string().refine(isUuid).meta({ format: 'uuid' });
