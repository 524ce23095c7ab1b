// What a sign-in says about a person, in one shape for both protocols. It is evidence, not a decision: a group list has
// five states, and only `list` and `empty` may ever remove somebody from a team (design, section 4). Pure.
import { aliasesFor, type EvidenceField, type EvidencePreset } from './evidence-aliases.ts';

export type GroupEvidence = {
  /**
   * `list`: these groups. `empty`: the provider says there are none. `absent`: it says nothing. `overage`: more than
   * it sends (Entra: 150 by SAML, 200 by OIDC). `invalid`: what it sent cannot be read, or is beyond the caps.
   */
  readonly state: 'list' | 'empty' | 'absent' | 'overage' | 'invalid';
  /** As sent, NFC, without blanks around and without duplicates; empty unless `list`. */
  readonly values: readonly string[];
};

export type Evidence = {
  readonly groups: GroupEvidence;
  readonly address: string | undefined;
  /** The provider says it has verified the address. It links nobody by itself: domains decide (design, law 10). */
  readonly addressVerified: boolean;
  readonly givenName: string | undefined;
  readonly familyName: string | undefined;
  /** The provider's unchanging id of the person, comparable with a directory's `externalId`. */
  readonly immutableId: string | undefined;
  readonly userName: string | undefined;
  /** The attributes or claims that the connection keeps for rules, by name; in the states of a group list. */
  readonly attributes: ReadonlyMap<string, GroupEvidence>;
};

export type EvidenceSettings = {
  readonly preset: EvidencePreset;
  /** Attribute or claim names that an admin has set; they are looked for instead of the preset's. */
  readonly names: Readonly<Partial<Record<EvidenceField, string>>>;
  /** Names of attributes or claims whose values rules may speak of. */
  readonly kept: readonly string[];
};

/** The part of a verified assertion that evidence is read from. */
export type SamlStatement = {
  readonly nameId: { readonly value: string; readonly format: string | undefined };
  readonly attributes: ReadonlyMap<
    string,
    { readonly name: string; readonly friendlyName: string | undefined; readonly values: readonly string[] }
  >;
};

const EVIDENCE_LIMITS = { values: 2000, characters: 512 } as const;

const ENTRA_SAML_OVERAGE = 'http://schemas.microsoft.com/claims/groups.link';
const FORMAT_ADDRESS = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
const FORMAT_OPAQUE = /nameid-format:(?:persistent|transient)$/;

/** Evidence from a verified SAML assertion. */
export function samlEvidence(statement: SamlStatement, settings: EvidenceSettings): Evidence {
  const find = (field: EvidenceField) => findAttribute(statement, settings, field);
  const text = (field: EvidenceField) => firstText(find(field) ?? []);
  const { value, format } = statement.nameId;
  const named = format !== undefined && FORMAT_OPAQUE.test(format) ? undefined : firstText([value]);
  return {
    groups: samlGroups(statement, find('groups')),
    address: asAddress(text('address')) ?? (format === FORMAT_ADDRESS ? asAddress(value) : undefined),
    addressVerified: false,
    givenName: text('givenName'),
    familyName: text('familyName'),
    immutableId: text('immutableId'),
    userName: text('userName') ?? named,
    attributes: keptBy(settings, (name) => {
      const values = findByName(statement, [name]);
      return values === undefined ? nothing('absent') : groupList(values);
    }),
  };
}

/** Evidence from the claims of a verified ID token (and userinfo of the same subject). */
export function oidcEvidence(claims: Readonly<Record<string, unknown>>, settings: EvidenceSettings): Evidence {
  const find = (field: EvidenceField) => findClaim(claims, settings, field);
  const text = (field: EvidenceField) => firstText([find(field)]);
  const address = asAddress(text('address'));
  return {
    groups: oidcGroups(claims, find('groups')),
    address,
    addressVerified: address !== undefined && saysVerified(claims),
    givenName: text('givenName'),
    familyName: text('familyName'),
    immutableId: text('immutableId'),
    userName: text('userName'),
    attributes: keptBy(settings, (name) => claimList(Object.hasOwn(claims, name) ? claims[name] : undefined)),
  };
}

function keptBy({ kept }: EvidenceSettings, read: (name: string) => GroupEvidence): Evidence['attributes'] {
  return new Map(kept.map((name) => [name, read(name)]));
}

function findAttribute(statement: SamlStatement, settings: EvidenceSettings, field: EvidenceField) {
  return findByName(statement, namesOf(settings, 'saml', field));
}

/** By full name first, then by friendly name. */
function findByName(statement: SamlStatement, names: readonly string[]): readonly string[] | undefined {
  const byName = names.map((name) => statement.attributes.get(name)).find((found) => found !== undefined);
  if (byName) return byName.values;
  const all = [...statement.attributes.values()];
  const byFriendlyName = names.map((name) => all.find(({ friendlyName }) => friendlyName === name));
  return byFriendlyName.find((found) => found !== undefined)?.values;
}

function findClaim(
  claims: Readonly<Record<string, unknown>>,
  settings: EvidenceSettings,
  field: EvidenceField,
): unknown {
  const names = namesOf(settings, 'oidc', field);
  const name = names.find((candidate) => Object.hasOwn(claims, candidate) && claims[candidate] !== null);
  return name === undefined ? undefined : claims[name];
}

function namesOf(settings: EvidenceSettings, protocol: 'saml' | 'oidc', field: EvidenceField): readonly string[] {
  const set = settings.names[field];
  return set === undefined ? aliasesFor(settings.preset, protocol, field) : [set];
}

function samlGroups(statement: SamlStatement, values: readonly string[] | undefined): GroupEvidence {
  if (statement.attributes.has(ENTRA_SAML_OVERAGE)) return nothing('overage');
  return values === undefined ? nothing('absent') : groupList(values);
}

function oidcGroups(claims: Readonly<Record<string, unknown>>, claim: unknown): GroupEvidence {
  if (isEntraOverage(claims)) return nothing('overage');
  return claimList(claim);
}

function claimList(claim: unknown): GroupEvidence {
  if (claim === undefined || claim === null) return nothing('absent');
  const values = typeof claim === 'string' ? [claim] : claim;
  const readable = Array.isArray(values) && values.every((value) => typeof value === 'string');
  return readable ? groupList(values) : nothing('invalid');
}

/** `_claim_names.groups` points to Graph (code flow); `hasgroups` says it without a pointer (implicit flow). */
function isEntraOverage(claims: Readonly<Record<string, unknown>>): boolean {
  const elsewhere = claims._claim_names;
  const pointed = typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, 'groups');
  return pointed || claims.hasgroups === true || claims.hasgroups === 'true';
}

function groupList(values: readonly string[]): GroupEvidence {
  const clean = values.map((value) => value.normalize('NFC').trim()).filter((value) => value !== '');
  const distinct = [...new Set(clean)];
  const { values: most, characters } = EVIDENCE_LIMITS;
  if (distinct.length > most || distinct.some((value) => value.length > characters)) return nothing('invalid');
  return { state: distinct.length > 0 ? 'list' : 'empty', values: distinct };
}

/** Only a list, also an empty one, replaces what was known; an absent claim does where absent means none. */
export function replacesWhatWasKnown({ state }: GroupEvidence, absent: 'hold' | 'empty'): boolean {
  return state === 'list' || state === 'empty' || (state === 'absent' && absent === 'empty');
}

function nothing(state: 'absent' | 'overage' | 'invalid'): GroupEvidence {
  return { state, values: [] };
}

/** `email_verified` may come as text; Entra sends `xms_edov` (domain owner verified) instead, in three spellings. */
function saysVerified(claims: Readonly<Record<string, unknown>>): boolean {
  const yes: readonly unknown[] = [true, 'true', 1, '1'];
  return claims.email_verified === true || claims.email_verified === 'true' || yes.includes(claims.xms_edov);
}

function firstText(values: readonly unknown[]): string | undefined {
  for (const value of values) {
    if (typeof value !== 'string') continue;
    const text = value.normalize('NFC').trim();
    if (text !== '' && text.length <= EVIDENCE_LIMITS.characters) return text;
  }
  return undefined;
}

/**
 * RFC 5321 4.5.3.1: at most 254 characters, with letters of all languages (RFC 6531). Without what would be read otherwise
 * in a list of recipients (RFC 5322 3.2.3), and without what nobody sees: an address that looks like another's.
 */
const ADDRESS = /^[^\s@\p{Cc}\p{Cf}()<>[\]:;,\\"]+@[^\s@\p{Cc}\p{Cf}()<>[\]:;,\\"]+$/u;

function asAddress(value: string | undefined): string | undefined {
  const text = value?.normalize('NFC').trim();
  return text !== undefined && text.length <= 254 && ADDRESS.test(text) ? text : undefined;
}
