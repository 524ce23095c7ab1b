// Pages of resources -> the answer to a list or a search.
import type { ScimAnswer } from '../exchange.ts';
import { renderList } from '../render.ts';

export type ListPage = { readonly resources: readonly string[]; readonly total: number };

export function listAnswer(page: ListPage, startIndex: number): ScimAnswer {
  return { status: 200, body: renderList(page.resources, page.total, startIndex) };
}
