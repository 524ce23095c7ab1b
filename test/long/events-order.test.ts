// The generator of test/directory/events-order.test.ts, over many more lives.
import { afterAll, beforeAll, test } from 'vitest';
import { assertAnySequence, type Stage, setStage } from '../directory/lifecycle-play.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('hundreds of lives, any sequence of events', { timeout: 400_000 }, async () => {
  await assertAnySequence(stage, { numRuns: 250, seed: 7_644 });
});
