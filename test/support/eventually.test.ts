import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';

test('answers the first truthy result, whatever came before it', async () => {
  const answers: unknown[] = [undefined, null, false, 0, '', new Error('not yet'), 'there'];
  const next = () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  expect(await eventually(next)).toBe('there');
});

test('throws the last failure and says how long it tried', async () => {
  const refuse = () => Promise.reject(new Error('never'));
  await expect(eventually(refuse, { withinMs: 1 })).rejects.toThrow('never (after 1 ms of trying)');
  await expect(eventually(() => undefined, { withinMs: 1 })).rejects.toThrow('still answers undefined');
});
