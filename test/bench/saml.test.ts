// The comparison of SAML costs compares like with like: both sides accept every document that is measured, and each has
// its line.
import { expect, test } from 'vitest';
import { measureSaml, samlTable } from '../../bench/sso/saml.ts';

test('both sides verify every measured response', async () => {
  const costs = await measureSaml({ rounds: 1, roundMs: 1 });
  expect(costs).toHaveLength(6);
  expect(costs.every(({ oursMs, nodeSamlMs }) => oursMs > 0 && nodeSamlMs > 0)).toBe(true);
  expect(samlTable(costs)).toHaveLength(2 + costs.length);
});
