// A filter as written on the wire (RFC 7644 section 3.4.2.2), names not looked up yet. Pure types.
import type { Comparison } from '../../src/directory/directory-filter.ts';

/** A comparison value; `quoted` tells "true" from true. */
export type Literal = { readonly text: string; readonly quoted: boolean };

export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly of: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly of: FilterNode }
  | { readonly kind: 'present'; readonly name: string }
  | { readonly kind: 'compare'; readonly name: string; readonly op: Comparison; readonly value: Literal }
  /** `emails[type eq "work"]`: names inside are those of the element. */
  | { readonly kind: 'element'; readonly name: string; readonly of: FilterNode };

/** A PATCH path (RFC 7644 figure 7): `emails[type eq "work"].value`. */
export type PatchPath = {
  readonly name: string;
  readonly filter: FilterNode | undefined;
  readonly sub: string | undefined;
};
