// Which vendor a request gives away. Only signs that one vendor's client alone is known to send count; each says who
// documents it. What is detected decides nothing where an administrator has chosen a profile.
import type { DetectedProfile } from '../../src/directory/directory.ts';

export type Traits = {
  readonly userAgent: string | undefined;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
};

type Sign = { readonly profile: DetectedProfile; readonly reason: string; shows(traits: Traits): boolean };

const ENTRA_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

const SIGNS: readonly Sign[] = [
  {
    profile: 'okta',
    reason: 'Okta names itself in User-Agent; Entra sends none',
    shows: ({ userAgent }) => userAgent !== undefined && /\bokta\b/i.test(userAgent),
  },
  {
    profile: 'entra',
    reason: "Entra's tenant address carries a flag for its newer PATCH, on every request",
    shows: ({ query }) => [...query.keys()].some((name) => /^aadOptscim/i.test(name)),
  },
  {
    profile: 'entra',
    reason: 'Entra adds a schema of its own to each new group',
    shows: ({ body }) => Array.isArray(body.schemas) && body.schemas.includes(ENTRA_GROUP),
  },
  {
    profile: 'entra',
    reason: 'Entra (legacy PATCH) writes Add, Replace and Remove with a capital',
    shows: ({ body }) => operationsOf(body).some(({ op }) => op === 'Add' || op === 'Replace' || op === 'Remove'),
  },
  {
    profile: 'okta',
    reason: 'Okta renames a group by a value without a path that repeats the id',
    shows: ({ body }) =>
      operationsOf(body).some(({ op, path, value }) => op === 'replace' && path === undefined && namesGroup(value)),
  },
];

/** The vendor of whom this request shows a sign, or undefined. */
export function detectProfile(traits: Traits): DetectedProfile | undefined {
  return SIGNS.find((sign) => sign.shows(traits))?.profile;
}

type Operation = { readonly op?: unknown; readonly path?: unknown; readonly value?: unknown };

function operationsOf(body: Readonly<Record<string, unknown>>): Operation[] {
  const { Operations: operations } = body;
  if (!Array.isArray(operations)) return [];
  return operations.filter((each): each is Operation => typeof each === 'object' && each !== null);
}

function namesGroup(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, displayName } = value as { id?: unknown; displayName?: unknown };
  return typeof id === 'string' && typeof displayName === 'string';
}
