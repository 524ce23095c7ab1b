// The text of a group with its members (RFC 7643 section 4.2). Rows bring the ids of all members in one packed value, 16
// bytes each, read in one statement with the group's version; here they become JSON, a thousand at a time where there
// are many, so that neither a large group nor a slow client costs memory or keeps a connection to the database.
import {
  type DirectoryGroupRow,
  findDirectoryGroup,
  findMemberNames,
} from '../src/directory/directory-group-queries.ts';
import type { BodyText } from './body-text.ts';
import type { ScimRequest, ScimServices } from './exchange.ts';
import type { Projection } from './projection.ts';
import { renderResource } from './render.ts';
import { GROUP_TYPE } from './schema/group-schema.ts';
import type { Json, JsonObject } from './schema/read-value.ts';

/** So many members, of one group or of the groups of a page, are answered in one piece. */
export const MEMBERS_IN_ONE_PIECE = 1_000;

const ID_BYTES = 16;
const SAMPLE = { value: '', $ref: '', type: 'User' };

type Caller = Pick<ScimRequest, 'caller'>;

/** How many members a row brings. */
function membersIn(row: DirectoryGroupRow): number {
  return row.members === null ? 0 : row.members.length / ID_BYTES;
}

/** One group, in one piece where it is small. */
export async function groupText(
  services: ScimServices,
  { caller }: Caller,
  row: DirectoryGroupRow,
  projection: Projection,
): Promise<BodyText> {
  const parts = groupParts(services, { caller }, row, projection);
  if (membersIn(row) > MEMBERS_IN_ONE_PIECE) return parts;
  const pieces: string[] = [];
  for await (const part of parts) pieces.push(part);
  return pieces.join('');
}

/** The groups of a page; of those with more members than a page brings, each is read when its turn comes. */
export async function groupTexts(
  services: ScimServices,
  { caller }: Caller,
  rows: readonly DirectoryGroupRow[],
  projection: Projection,
): Promise<BodyText[]> {
  const isShort = rows.reduce((sum, row) => sum + membersIn(row), 0) <= MEMBERS_IN_ONE_PIECE;
  return Promise.all(
    rows.map((row) => {
      if (row.members === null && projection.shows('members'))
        return largeGroupParts(services, { caller }, row.id, projection);
      return isShort
        ? groupText(services, { caller }, row, projection)
        : groupParts(services, { caller }, row, projection);
    }),
  );
}

/** Nothing where the group is gone by now. */
async function* largeGroupParts(
  services: ScimServices,
  { caller }: Caller,
  id: string,
  projection: Projection,
): AsyncGenerator<string> {
  const row = await findDirectoryGroup(services, caller, id, {});
  if (row) yield* groupParts(services, { caller }, row, projection);
}

/** One group, made while it is taken. */
async function* groupParts(
  services: ScimServices,
  { caller }: Caller,
  row: DirectoryGroupRow,
  projection: Projection,
): AsyncGenerator<string> {
  const text = renderResource(services.baseUrl, GROUP_TYPE, row, undefined, projection);
  const shown = shownMembers(row, projection);
  if (row.members === null || shown === undefined) {
    yield text;
    return;
  }
  yield `${text.slice(0, -1)},"members":[`;
  const pieces = elementPieces(shown, `${services.baseUrl}/Users/`);
  for (let from = 0; from < row.members.length; from += MEMBERS_IN_ONE_PIECE * ID_BYTES) {
    const ids = unpack(row.members, from, from + MEMBERS_IN_ONE_PIECE * ID_BYTES);
    const names = shown.includes('display') ? await findMemberNames(services, caller, ids) : undefined;
    const elements = ids.map((id) => withName(pieces.join(id), names?.get(id)));
    yield `${from === 0 ? '' : ','}${elements.join(',')}`;
  }
  yield ']}';
}

/** Which parts of each member are shown; undefined where `members` is cut out. */
function shownMembers(row: DirectoryGroupRow, projection: Projection): string[] | undefined {
  // a name for each of 100,000 members is looked up only for who asks for it by its own name
  const sample: JsonObject = projection.asksFor('members', 'display') ? { ...SAMPLE, display: '' } : SAMPLE;
  const { members } = projection.apply({ members: membersIn(row) === 0 ? [] : [sample] });
  if (!Array.isArray(members)) return undefined;
  return Object.keys((members[0] as Record<string, Json> | undefined) ?? {});
}

/** The text of an element, cut where its id stands. */
function elementPieces(shown: readonly string[], usersAt: string): string[] {
  // no address has a space in it
  const mark = ' ';
  const all: Record<string, string> = { value: mark, $ref: `${usersAt}${mark}`, type: 'User' };
  const element = Object.fromEntries(shown.filter((key) => key !== 'display').map((key) => [key, all[key]]));
  return JSON.stringify(element).split(mark);
}

function withName(element: string, name: string | undefined): string {
  if (name === undefined) return element;
  return `${element.slice(0, -1)}${element === '{}' ? '' : ','}"display":${JSON.stringify(name)}}`;
}

function unpack(packed: Buffer, from: number, to: number): string[] {
  const hex = packed.toString('hex', from, Math.min(to, packed.length));
  const ids: string[] = [];
  for (let at = 0; at < hex.length; at += 2 * ID_BYTES) {
    const [a, b, c, d] = [
      hex.slice(at, at + 8),
      hex.slice(at + 8, at + 12),
      hex.slice(at + 12, at + 16),
      hex.slice(at + 16, at + 20),
    ];
    ids.push(`${a}-${b}-${c}-${d}-${hex.slice(at + 20, at + 32)}`);
  }
  return ids;
}
