// npm run bench:sso: what company sign-in costs. Each part stands beside a peer or a floor in the same run: a SAML
// response beside node-saml, an OpenID Connect code beside bare openid-client, evidence and mapping of a large person
// beside their mark, 10,000 organizations beside one; and how soon a deactivated person is out. Prints tables and the verdict; exit code 0 = reached, 1 = missed.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '../src/dev/postgres.ts';
import { cutOffTable, measureCutOff } from './sso/cut-off.ts';
import { measureMany } from './sso/many.ts';
import { MAPPING_ADDS_AT_MOST_MS, mappingTable, measureMapping } from './sso/mapping.ts';
import { measureOidc } from './sso/oidc.ts';
import { measureSaml, samlTable } from './sso/saml.ts';
import { measureWhole } from './sso/whole.ts';

const ROUNDS = { rounds: 7, roundMs: 400 };

const started = performance.now();
const say = (line: string) => console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);

async function main(stack: AsyncDisposableStack): Promise<number> {
  const folder = join(import.meta.dirname, '..', '.drawbridge', `bench-${process.pid}`);
  await mkdir(folder, { recursive: true });
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const reasons: string[] = [];
  const ms = (value: number | undefined) => (value === undefined ? '?' : value.toFixed(2));

  say('SAML responses beside node-saml ...');
  const saml = await measureSaml(ROUNDS);
  console.log(`${samlTable(saml).join('\n')}\n`);
  for (const { document, oursMs, nodeSamlMs } of saml) {
    if (oursMs > nodeSamlMs) reasons.push(`SAML, ${document}: more than node-saml`);
  }

  say('OpenID Connect codes beside bare openid-client ...');
  const oidc = await measureOidc(ROUNDS);
  const ratio = (oidc.oursMs / oidc.theirsMs).toFixed(2);
  console.log(
    '| OpenID Connect code | Drawbridge, CPU ms | openid-client, CPU ms | ours / theirs |\n|---|--:|--:|--:|',
  );
  console.log(`| exchanged and verified | ${ms(oidc.oursMs)} | ${ms(oidc.theirsMs)} | ${ratio} |\n`);

  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: say });
  stack.defer(postgres.stop);
  say('Whole sign-ins ...');
  const whole = await measureWhole(postgres, folder);
  console.log('| whole sign-ins by SAML | per second | web, CPU ms each | Postgres, CPU ms each |\n|--:|--:|--:|--:|');
  console.log(`| ${whole.signIns} | ${whole.perSecond.toFixed(0)} | ${ms(whole.webMs)} | ${ms(whole.postgresMs)} |\n`);

  say('Evidence and mapping of a large person ...');
  const mapping = await measureMapping(postgres);
  console.log(`${mappingTable(mapping).join('\n')}\n`);
  for (const { what, addedMs = 0 } of mapping) {
    if (addedMs > MAPPING_ADDS_AT_MOST_MS) reasons.push(`evidence and mapping: ${what} (${addedMs.toFixed(0)} ms)`);
  }

  say('10,000 organizations beside one ...');
  const many = await measureMany(postgres, folder);
  console.log('| organizations with a connection | ready after ms | resident MB |\n|--:|--:|--:|');
  for (const one of many) {
    console.log(`| ${one.organizations} | ${one.readyMs.toFixed(0)} | ${one.megabytes?.toFixed(0) ?? '?'} |`);
  }

  say('From a deactivation to a dead session ...');
  const cutOff = await measureCutOff(stack, say);
  console.log(`\n${cutOffTable(cutOff).join('\n')}`);
  if (!cutOff.reached) reasons.push('a deactivated person is out only after more than a second');
  console.log(
    ['\nVerdict: ', reasons.length === 0 ? 'reached' : 'missed', ...reasons.map((it) => `\n  ${it}`)].join(''),
  );
  return reasons.length === 0 ? 0 : 1;
}

const stack = new AsyncDisposableStack();
process.once('SIGINT', () => void stack.disposeAsync().finally(() => process.exit(130)));
try {
  process.exitCode = await main(stack);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
} finally {
  await stack.disposeAsync();
}
