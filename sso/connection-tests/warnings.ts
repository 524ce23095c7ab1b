// What an administrator should know of a test that may well have passed. Pure.
import type { Connection } from '../connections/connection.ts';
import { aliasesFor } from '../evidence-aliases.ts';
import type { UpstreamPerson } from '../sign-in/upstream-person.ts';

const NAMES_SHOWN = 6;

/** Sentences with cause and cure, the most urgent first. `ownDomain`: the claim that covers the address, if any. */
export function warningsOf(
  connection: Connection,
  person: UpstreamPerson,
  known: { readonly ownDomain: string | undefined; readonly provedDomains: readonly string[]; readonly rules: number },
): string[] {
  return [
    ...addressWarnings(connection, person, known.ownDomain),
    ...known.provedDomains.map(
      (domain) => `${domain} is proved but not confirmed yet. The test went on as if it were: confirm it to activate.`,
    ),
    ...groupWarnings(connection, person, known.rules),
    ...idWarnings(connection, person),
  ];
}

function addressWarnings({ settings }: Connection, { evidence }: UpstreamPerson, ownDomain: string | undefined) {
  const { address } = evidence;
  if (address === undefined) {
    return ['No e-mail address came. People are matched by user name or unchanging id only, and nobody can be made.'];
  }
  if (ownDomain !== undefined && settings.domains.includes(ownDomain)) return [];
  const names = settings.domains.length > 0 ? settings.domains.join(', ') : 'none yet';
  return [`The address ${address} is outside the domains that the connection may assert (${names}).`];
}

function groupWarnings(connection: Connection, { evidence, attributes }: UpstreamPerson, rules: number): string[] {
  const { settings, directoryId } = connection;
  const { state, values } = evidence.groups;
  switch (state) {
    case 'absent': {
      const looked = settings.groupsAttribute ?? aliasesFor(settings.preset, connection.protocol, 'groups').join(', ');
      const received = [...attributes.keys()].slice(0, NAMES_SHOWN).join(', ') || 'nothing';
      return [`No groups came. Looked for: ${looked}. Received: ${received}. Send them, or name the attribute.`];
    }
    case 'overage':
      return directoryId === undefined
        ? ['The person has more groups than the provider sends. Pair a directory, or send only assigned groups.']
        : ['The person has more groups than the provider sends. Memberships are taken from the paired directory.'];
    case 'invalid':
      return ['The groups cannot be read, or are too many. Teams stay as they are.'];
    case 'empty':
      return ['The list of groups came empty: the person would be in no team by it.'];
    case 'list':
      return rules > 0 ? [] : [`None of the ${values.length} groups matches a mapping rule.`];
  }
}

function idWarnings({ directoryId }: Connection, { evidence }: UpstreamPerson): string[] {
  if (directoryId === undefined || evidence.immutableId !== undefined) return [];
  return [
    'No unchanging id came that could equal externalId of the directory. A renamed person may not be found again.',
  ];
}
