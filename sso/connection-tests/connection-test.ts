// A test sign-in: the whole way through the company's identity provider, with everything that it would change, and nothing
// of it done. What is stored and shown of one. Pure.
import type { Difference } from '../sign-in/member-standing.ts';
import type { TraceCheck } from '../sign-in/sign-in-trace.ts';

/** How long the link of a test opens, and how long what the company sent is kept with its result. */
export const TEST_LIFE_MS = 10 * 60 * 1000;

export type TestOutcome = 'open' | 'started' | 'passed' | 'refused';

export type TestResult = {
  /** The company's answer passed every check of its protocol, whatever became of the person. */
  readonly answerAccepted: boolean;
  readonly refusal:
    | { readonly code: string; readonly title: string; readonly cause: string; readonly cure: string }
    | undefined;
  readonly checks: readonly TraceCheck[];
  /** SHA-256 of the certificate whose key signed, where the protocol has one. */
  readonly certificate: string | undefined;
  /** Whom the provider named, and what was read from that. */
  readonly person: TestedPerson | undefined;
  /** Every attribute or claim by name; the tester's own. */
  readonly received: Readonly<Record<string, readonly string[]>>;
  /** By which step the member was found, or `created`. */
  readonly step: string | undefined;
  /** What the sign-in would have changed. */
  readonly difference: Difference | undefined;
  /** Ids of the mapping rules that matched. */
  readonly rules: readonly string[];
  readonly warnings: readonly string[];
};

type TestedPerson = {
  readonly issuer: string;
  readonly subject: string;
  readonly address: string | undefined;
  readonly userName: string | undefined;
  readonly immutableId: string | undefined;
  readonly groupsState: string;
  readonly groups: readonly string[];
};

export type ConnectionTest = {
  readonly orgId: string;
  readonly id: string;
  readonly connectionId: string;
  /** Who asked for it (`principalOf`). */
  readonly principal: string;
  /** Whom the sign-in would be. */
  readonly memberId: string | undefined;
  readonly outcome: TestOutcome;
  readonly traceId: string | undefined;
  /** Undefined until it is finished. */
  readonly result: TestResult | undefined;
  readonly at: Date;
  readonly expiresAt: Date;
};
