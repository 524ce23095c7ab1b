// One request on its way through the steps of router.ts, and the answer it gets.
import type { Logger } from 'pino';
import type { DirectoryCaller, DirectoryDeps } from '../src/directory/directory.ts';
import type { GatheredChanges } from '../src/directory/gathered-changes.ts';
import type { GatheredReads } from '../src/directory/gathered-reads.ts';
import type { RecentUsers } from '../src/directory/recent-users.ts';
import type { RateLimit } from '../src/http/rate-limit.ts';
import type { BodyText } from './body-text.ts';
import type { Cursors } from './cursor.ts';
import type { PageMarks } from './page-marks.ts';
import type { Dropped } from './schema/read-value.ts';
import type { ResourceTypes } from './schema/resource-types.ts';

export type ScimServices = DirectoryDeps & {
  readonly log: Logger;
  /** The public address of the SCIM service, without a slash at its end. */
  readonly baseUrl: string;
  /** Called after each change, so that its projection starts at once. */
  readonly changed: () => void;
  readonly marks: PageMarks;
  readonly cursors: Cursors;
  readonly limit: RateLimit;
  readonly changes: GatheredChanges;
  readonly reads: GatheredReads;
  readonly recent: RecentUsers;
};

export type ScimRequest = {
  readonly requestId: string;
  readonly method: string;
  readonly query: URLSearchParams;
  /** The parts of the path that the route leaves open, decoded. */
  readonly id: string;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly caller: DirectoryCaller;
  /** The user whose own request this is, at /Me; undefined where the directory asks. */
  readonly self?: string | undefined;
  /** With what the caller's organization has declared. */
  readonly types: ResourceTypes;
  readonly body: Readonly<Record<string, unknown>>;
  /** Handlers note here what a body carried that is not kept. */
  readonly dropped: Dropped;
};

export const CONTENT_TYPE = 'application/scim+json; charset=utf-8';

export type ScimAnswer = {
  readonly status: number;
  /** JSON text. */
  readonly body?: BodyText | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For the journal: facts of the request that its answer does not show. */
  readonly note?: Readonly<Record<string, unknown>> | undefined;
};

export type Handler = (services: ScimServices, request: ScimRequest) => Promise<ScimAnswer> | ScimAnswer;
