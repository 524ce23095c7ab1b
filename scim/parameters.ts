// What a request asks for by name: in the query of its address, or in the body of a search (RFC 7644 section 3.4.2, 3.4.3).
import { DomainError } from '../src/errors.ts';

/** By name; an empty text where one is given without a value. What is given as a list is joined by commas. */
export type RequestParameters = (name: string) => string | undefined;

/** Of a URL's query; one that is given more than once is a list. */
export function queryParameters(query: URLSearchParams): RequestParameters {
  return (name) => (query.has(name) ? query.getAll(name).join(',') : undefined);
}

/** Parameters of the body of a search. Throws `invalid_value`. */
export function bodyParameters(body: Readonly<Record<string, unknown>>): RequestParameters {
  return (name) => {
    const value = Object.entries(body).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(',');
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new DomainError('invalid_value', `${name} of the search has the wrong type.`);
  };
}
