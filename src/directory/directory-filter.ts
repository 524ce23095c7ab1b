// A filter over directory users or groups, free of wire names: columns of ours, or places in the resource as sent.
// scim/filter makes it from RFC 7644 text; filter-sql.ts turns it into SQL. Pure types.

/** How the values at a place compare: text exactly, or folded (NFC, lower case). */
export type ValueKind = 'text' | 'folded' | 'boolean' | 'number' | 'time';

export type Target =
  /**
   * A column that filter-sql.ts lists for the resource, or for the collection that a `some` walks through; with `prefix`,
   * the text of an id behind it.
   */
  | { readonly column: string; readonly prefix?: string }
  /** A value inside the resource (or inside the element of a `some`), by its keys. */
  | { readonly path: readonly string[]; readonly kind: ValueKind };

/** Whose columns a filter or an order speaks of. */
export type FilteredResource = 'user' | 'group' | 'agent';

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

export type FilterValue = string | number | boolean;

export type DirectoryFilter =
  | { readonly op: 'and' | 'or'; readonly of: readonly DirectoryFilter[] }
  | { readonly op: 'not'; readonly of: DirectoryFilter }
  /** One element of a list satisfies all of `where`; a list inside the resource, or a group's members, or a user's groups. */
  | { readonly op: 'some'; readonly in: readonly string[] | 'members' | 'groups'; readonly where?: DirectoryFilter }
  /** Whoever satisfies `of` has this value among its stored keys: says nothing by itself, and lets SQL begin at an index. */
  | {
      readonly op: 'keyed';
      readonly place: string;
      readonly value: string;
      readonly isFolded: boolean;
      readonly of: DirectoryFilter;
    }
  /** There is a value, and it is no empty text. */
  | { readonly op: 'present'; readonly target: Target }
  | { readonly op: Comparison; readonly target: Target; readonly value: FilterValue };

/** `none`: the resource has no such attribute, so that all are alike and follow each other by id. */
export type DirectoryOrder = { readonly target: Target | 'none'; readonly descending: boolean };

/** The row beside which a page begins: its id and, in lists with an order, the text of its sort value. */
export type PagePlace = { readonly id: string; readonly key: string | null };

/** Which page: the list (a hash of type, filter and order, as a UUID) and the index that it begins at. */
export type PageMarkKey = { readonly list: string; readonly index: number };

/** A mark of the page that follows one which is being read. */
export type ComingMark = PageMarkKey & { readonly now: Date };

/** A page: what comes behind `after` where it is given, else `offset` rows are passed over; at most `limit` are read. */
export type PageRequest = {
  readonly filter?: DirectoryFilter | undefined;
  readonly order?: DirectoryOrder | undefined;
  readonly offset: number;
  readonly after?: PagePlace | undefined;
  /** Reads what comes before `after` instead, nearest first. */
  readonly backwards?: boolean | undefined;
  readonly limit: number;
  /** Where the next page begins may be noted with it: asked only by who reads it so. */
  readonly coming?: (() => ComingMark | undefined) | undefined;
};
