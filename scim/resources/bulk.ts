// POST /Bulk (RFC 7644 section 3.7). Each operation is the single request that it describes, through the same handlers and
// with a transaction of its own: what has succeeded stays, whatever fails beside it. Operations run in the order given,
// but one that another refers to runs before it. Where references go round in a circle, a resource is made without the
// reference that cannot be had yet, and gets it when it can.
import { DomainError } from '../../src/errors.ts';
import { wholeText } from '../body-text.ts';
import { errorAnswer } from '../error.ts';
import type { ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { BULK_RESPONSE } from '../schema/names.ts';
import { type BulkOperation, bulkIdOfPath, type Data, readBulk, referencesOf, resolveData } from './bulk-operations.ts';
import { findResourceHandler } from './resource-methods.ts';

type Step = {
  readonly operation: BulkOperation;
  readonly needs: ReadonlySet<string>;
  state: 'waits' | 'runs' | 'done';
  answer?: ScimAnswer;
  id?: string | undefined;
  /** It was made without a reference to something that was not there yet. */
  isPartial: boolean;
};

export async function bulk(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const { failOnErrors, operations } = readBulk(request.body);
  // the request itself has been counted
  services.limit.charge(request.caller.directoryId, operations.length - 1);
  const run = new BulkRun(services, request, operations, failOnErrors);
  const steps = await run.all();
  const results = await Promise.all(steps.map((step) => resultOf(services, step)));
  const failed = steps.filter((step) => isFailure(step.answer)).length;
  return {
    status: 200,
    body: JSON.stringify({ schemas: [BULK_RESPONSE], Operations: results }),
    note: { operations: operations.length, performed: steps.length, failed },
  };
}

class BulkRun {
  readonly #services: ScimServices;
  readonly #request: ScimRequest;
  readonly #steps: readonly Step[];
  readonly #byBulkId: ReadonlyMap<string, Step>;
  readonly #failOnErrors: number;
  #errors = 0;

  constructor(
    services: ScimServices,
    request: ScimRequest,
    operations: readonly BulkOperation[],
    failOnErrors: number,
  ) {
    this.#services = services;
    this.#request = request;
    this.#failOnErrors = failOnErrors;
    this.#steps = operations.map((operation) => {
      return { operation, needs: referencesOf(operation), state: 'waits', isPartial: false };
    });
    this.#byBulkId = new Map(
      this.#steps.flatMap((step) => (step.operation.bulkId === undefined ? [] : [[step.operation.bulkId, step]])),
    );
  }

  /** What was carried out until all was, or until too much had failed, in the order of the request. */
  async all(): Promise<readonly Step[]> {
    for (const step of this.#steps) await this.#run(step);
    for (const step of this.#steps) if (step.isPartial && !this.#isOver) await this.#complete(step);
    return this.#steps.filter((step) => step.state === 'done');
  }

  get #isOver(): boolean {
    return this.#errors >= this.#failOnErrors;
  }

  async #run(step: Step): Promise<void> {
    if (step.state !== 'waits' || this.#isOver) return;
    step.state = 'runs';
    for (const bulkId of step.needs) {
      const needed = this.#byBulkId.get(bulkId);
      if (needed) await this.#run(needed);
    }
    if (this.#isOver) {
      step.state = 'waits';
      return;
    }
    step.answer = await this.#perform(step, (data) => resolveData(data, (bulkId) => this.#byBulkId.get(bulkId)?.id));
    step.id = idOf(step.answer) ?? (isFailure(step.answer) ? undefined : this.#targetOf(step));
    step.state = 'done';
    if (isFailure(step.answer)) this.#errors += 1;
  }

  /** Replaces what was made without its references by what was meant. */
  async #complete(step: Step): Promise<void> {
    const { operation, id, answer } = step;
    const whole = { ...operation, method: 'PUT', path: `${operation.path}/${id}`, version: answer?.headers?.ETag };
    const needed = { ...step, operation: whole, state: 'runs' as const };
    const location = answer?.headers?.Location;
    const completed = await this.#perform(needed, (data) =>
      resolveData(data, (bulkId) => this.#byBulkId.get(bulkId)?.id),
    );
    // it was made, whatever became of its references: the answer says where it is
    step.answer = location ? { ...completed, headers: { ...completed.headers, Location: location } } : completed;
    if (isFailure(completed)) this.#errors += 1;
    else step.answer = { ...step.answer, status: answer!.status };
  }

  async #perform(step: Step, dataOf: (data: Data) => Data): Promise<ScimAnswer> {
    const { operation } = step;
    try {
      if (operation.fault) throw operation.fault;
      this.#refuseUnknown(step);
      return await this.#ask(operation.method, this.#pathOf(operation), {
        ifMatch: operation.version,
        body: dataOf(operation.data),
      });
    } catch (error) {
      const answer = errorAnswer(error, this.#request.requestId);
      if (answer.status >= 500) {
        this.#services.log.error({ requestId: this.#request.requestId, err: error }, 'bulk operation failed');
      }
      return answer;
    }
  }

  async #ask(method: string, path: string, more: Pick<ScimRequest, 'ifMatch' | 'body'>): Promise<ScimAnswer> {
    const { handler, id } = findResourceHandler(method, path);
    const query = new URLSearchParams();
    const answer = await handler(this.#services, {
      ...this.#request,
      ...more,
      method,
      query,
      id,
      ifNoneMatch: undefined,
    });
    if (answer.status !== 204 || method !== 'PATCH') return answer;
    // a PATCH of a group answers without the group, but the result of a bulk operation names the version
    const seen = await findResourceHandler('GET', path).handler(this.#services, {
      ...this.#request,
      query: new URLSearchParams({ attributes: 'id' }),
      id,
      ifMatch: undefined,
      ifNoneMatch: undefined,
    });
    return { ...answer, headers: seen.headers };
  }

  /** A reference is to an operation that has made something; one that still runs stands in a circle with this one. */
  #refuseUnknown(step: Step): void {
    for (const bulkId of step.needs) {
      const needed = this.#byBulkId.get(bulkId);
      if (!needed) throw new DomainError('invalid_value', `No operation has the bulkId ${bulkId}.`);
      if (needed.id !== undefined) continue;
      if (needed.state === 'done') {
        throw new DomainError('invalid_value', `The operation of the bulkId ${bulkId} failed.`);
      }
      const isOwn = bulkIdOfPath(step.operation.path) === bulkId;
      if (step.operation.method !== 'POST' || isOwn) {
        throw new DomainError('invalid_value', `The reference to ${bulkId} goes round in a circle.`);
      }
      step.isPartial = true;
    }
  }

  #pathOf({ path }: BulkOperation): string {
    const bulkId = bulkIdOfPath(path);
    return bulkId === undefined ? path : path.replace(`bulkId:${bulkId}`, this.#byBulkId.get(bulkId)?.id ?? '');
  }

  #targetOf({ operation }: Step): string | undefined {
    const path = this.#pathOf(operation);
    return operation.method === 'POST' ? undefined : path.slice(path.lastIndexOf('/') + 1);
  }
}

function isFailure(answer: ScimAnswer | undefined): boolean {
  return answer === undefined || answer.status >= 300;
}

function idOf(answer: ScimAnswer): string | undefined {
  const location = answer.headers?.Location;
  return location?.slice(location.lastIndexOf('/') + 1);
}

async function resultOf(services: ScimServices, { operation, answer, id }: Step): Promise<object> {
  const { status, headers, body } = answer!;
  const { method, bulkId, path } = operation;
  const collection = /^\/[^/]+/.exec(path)?.[0] ?? '';
  const location = headers?.Location ?? (id === undefined ? undefined : `${services.baseUrl}${collection}/${id}`);
  return {
    ...(location === undefined ? {} : { location }),
    method,
    ...(bulkId === undefined ? {} : { bulkId }),
    ...(headers?.ETag === undefined ? {} : { version: headers.ETag }),
    status: String(status),
    ...(isFailure(answer) && body !== undefined ? { response: JSON.parse(await wholeText(body)) } : {}),
  };
}
