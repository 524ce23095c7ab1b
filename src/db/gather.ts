// Calls of one kind that come while others of it are under way are gathered and made together: one statement and one
// commit for all of them, as the database itself flushes its log for many. A call that finds nobody under way goes with
// those of the next few turns of the event loop: some microseconds where nothing else is to be done, and what other
// requests take to be answered and read where there are any. While one statement of a lane is under way a second one goes
// only with enough calls to be worth it, where the lane's calls do not wait for each other's locks: it then works while
// the first waits for the log. Not for calls inside a shared transaction, which the others would run in.
import pg from 'pg';
import { DomainError } from '../errors.ts';

/** Answers in the order of the calls; undefined for one that has to be made alone. */
type Together<Call, Answer> = (calls: readonly Call[]) => Promise<readonly (Answer | undefined)[]>;

type Waiting<Call, Answer> = {
  readonly call: Call;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
};

type Lane<Call, Answer> = {
  waiting: Waiting<Call, Answer>[];
  /** Whether the turns are being counted after which those who wait may go. */
  isCounting: boolean;
  /** Statements under way. */
  running: number;
  /** What their calls touch. */
  readonly touched: Set<string>;
};

export type GatherSettings<Call, Answer> = {
  /** How many go together at most. */
  readonly atMost: number;
  readonly together: Together<Call, Answer>;
  readonly alone: (call: Call) => Promise<Answer>;
  /** How many must wait before a second statement goes beside the first; undefined: none ever does. */
  readonly besideFrom?: number;
  /** What two calls under way must not have in common. */
  readonly touches?: (call: Call) => readonly string[];
};

/** Of the event loop. Those whose answers went out together ask again one by one, and would go by ones and twos for ever. */
const TURNS = 4;

export class Gather<Call, Answer> {
  readonly #settings: GatherSettings<Call, Answer>;
  readonly #lanes = new Map<string, Lane<Call, Answer>>();

  constructor(settings: GatherSettings<Call, Answer>) {
    this.#settings = settings;
  }

  /** Makes a call, with others of the same lane where they wait. Each fails by itself: whoever is refused goes alone. */
  make(lane: string, call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const known = this.#lanes.get(lane) ?? {
        waiting: [],
        isCounting: false,
        running: 0,
        touched: new Set<string>(),
      };
      this.#lanes.set(lane, known);
      known.waiting.push({ call, resolve, reject });
      this.#goSoon(lane, known);
    });
  }

  #goSoon(name: string, lane: Lane<Call, Answer>): void {
    if (lane.waiting.length >= this.#settings.atMost) this.#go(name, lane);
    if (lane.isCounting) return;
    lane.isCounting = true;
    afterTurns(TURNS, () => {
      lane.isCounting = false;
      this.#go(name, lane);
    });
  }

  #go(name: string, lane: Lane<Call, Answer>): void {
    if (lane.running === 0 && lane.waiting.length === 0 && !lane.isCounting) {
      if (this.#lanes.get(name) === lane) this.#lanes.delete(name);
      return;
    }
    if (!this.#mayGo(lane)) return;
    const batch = this.#take(lane);
    if (batch.length === 0) return;
    lane.running += 1;
    void this.#run(batch).finally(() => {
      lane.running -= 1;
      for (const thing of this.#thingsOf(batch)) lane.touched.delete(thing);
      this.#goSoon(name, lane);
    });
  }

  #mayGo({ running, waiting }: Lane<Call, Answer>): boolean {
    return (
      running === 0 || (running === 1 && waiting.length >= (this.#settings.besideFrom ?? Number.POSITIVE_INFINITY))
    );
  }

  #thingsOf(batch: readonly Waiting<Call, Answer>[]): readonly string[] {
    const { touches } = this.#settings;
    return touches ? batch.flatMap(({ call }) => touches(call)) : [];
  }

  /** The first that wait and touch nothing in common, nor with what is under way; the others keep their order. */
  #take(lane: Lane<Call, Answer>): Waiting<Call, Answer>[] {
    const { atMost, touches } = this.#settings;
    if (!touches) return lane.waiting.splice(0, atMost);
    // also what a call that stays behind touches: those after it do not overtake it
    const touched = new Set(lane.touched);
    const taken: Waiting<Call, Answer>[] = [];
    const left: Waiting<Call, Answer>[] = [];
    for (const one of lane.waiting) {
      const things = touches(one.call);
      if (taken.length >= atMost || things.some((thing) => touched.has(thing))) left.push(one);
      else taken.push(one);
      for (const thing of things) touched.add(thing);
    }
    for (const thing of this.#thingsOf(taken)) lane.touched.add(thing);
    lane.waiting = left;
    return taken;
  }

  async #run(batch: readonly Waiting<Call, Answer>[]): Promise<void> {
    const { together, alone } = this.#settings;
    let answers: readonly (Answer | undefined)[] = [];
    try {
      answers = await together(batch.map(({ call }) => call));
    } catch (error) {
      // a refusal undid all of it; of a connection that broke nobody knows what is done
      if (!isRefusal(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
    }
    for (const [index, { call, resolve }] of batch.entries()) {
      const answer = answers[index];
      resolve(answer === undefined ? alone(call) : answer);
    }
  }
}

function afterTurns(turns: number, work: () => void): void {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, work) : work()));
}

function isRefusal(error: unknown): boolean {
  return error instanceof DomainError ? error.code !== 'unavailable' : error instanceof pg.DatabaseError;
}
