// What tests of mapping start from: an organization whose directory pushes over SCIM and whose people sign in by connections.
// What a sign-in says is handed in where the sign-in itself would hand it in, when the company's answer is verified.
import { type Claim, recordClaims } from '../../src/grants/record-claims.ts';
import { newId } from '../../src/ids.ts';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import { type Answer, type Json, testContext } from '../support/server.ts';

type State = Claim['state'];
type Said = { readonly state?: State; readonly attribute?: string; readonly connection?: string };

export type MappingSetup = Awaited<ReturnType<typeof setupMapping>>;

/** Dispose it in `afterAll`. */
export async function setupMapping() {
  const s = await setupScim();
  return { s, company: () => makeCompany(s), [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() };
}

export type Company = Awaited<ReturnType<typeof makeCompany>>;

async function makeCompany(s: ScimSetup) {
  const directory = await s.directory();
  const { org } = directory;
  let people = 0;
  const call = (method: string, path: string, body?: unknown, key = org.ownerKey): Promise<Answer> =>
    s.t.call(method, `/v1/organizations/${org.id}${path}`, { key, body });
  const done = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const connect = async (paired = true): Promise<string> => {
    const made = await done('POST', '/connections', {
      protocol: 'saml',
      displayName: 'Company',
      ...(paired && { directoryId: directory.id }),
    });
    return made.id;
  };
  const connectionId = await connect();
  return {
    s,
    org,
    directory,
    call,
    done,
    connect,
    connectionId,
    team: async (name: string): Promise<string> => (await s.t.make.team(org, name)).key,
    rule: (rule: object): Promise<Json> => done('POST', '/mapping-rules', rule),
    /** A user of the directory. */
    person: async (): Promise<string> => {
      people += 1;
      const userName = `p${people}@${org.key}.test`;
      const user = await directory.user(userName, {
        externalId: `e${people}`,
        emails: [{ value: userName, primary: true }],
      });
      return user.id;
    },
    /** A member whom no directory knows. */
    guest: async (): Promise<string> => (await s.t.make.member(org)).id,
    /** What a sign-in says of somebody's groups, or of an attribute. */
    says: (
      memberId: string,
      values: readonly string[],
      { state, attribute = '', connection = connectionId }: Said = {},
    ) =>
      s.t.db.inOrg(org.id, async (tx) => {
        await tx.query({ text: 'select lock_mapping($1, false)', values: [org.id] });
        const known = state ?? (values.length > 0 ? 'list' : 'empty');
        return recordClaims(tx, testContext(), {
          connectionId: connection,
          memberId,
          traceId: newId(),
          claims: [{ attribute, state: known, replaces: known === 'list' || known === 'empty', values }],
          settled: true,
          at: s.t.clock.now(),
        });
      }),
    /** Keys of the teams that a member is in. */
    teamsOf: async (memberId: string): Promise<string[]> =>
      (await done('GET', `/members/${memberId}`)).teams.map((team: Json) => team.key),
    roleOf: async (memberId: string): Promise<string> => (await done('GET', `/members/${memberId}`)).role,
    audit: async (action: string): Promise<Json[]> => (await done('GET', `/audit-events?action=${action}`)).items,
  };
}

/** PATCH of a group's members, as Entra sends it. */
export function changeMembers(
  directory: TestDirectory,
  groupId: string,
  { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] },
): Promise<Answer> {
  const operations = [
    { op: 'add', ids: add },
    { op: 'remove', ids: remove },
  ].filter(({ ids }) => ids.length > 0);
  return directory.patch(
    `/Groups/${groupId}`,
    ...operations.map(({ op, ids }) => ({ op, path: 'members', value: ids.map((value) => ({ value })) })),
  );
}
