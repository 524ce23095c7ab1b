// Pages of resources -> the answer to a list or a search.
import type { BodyText } from '../body-text.ts';
import type { ScimAnswer } from '../exchange.ts';
import type { Page, PageRow } from '../read-page.ts';
import { type ListPlace, renderList } from '../render.ts';

export type ListPage = ListPlace & { readonly resources: readonly BodyText[]; readonly total: number };

/** The page with its rows as JSON texts. */
export function renderPage<Row extends PageRow>(page: Page<Row>, render: (row: Row) => string): ListPage {
  const { rows, ...rest } = page;
  return { ...rest, resources: rows.map(render) };
}

export function listAnswer(page: ListPage): ScimAnswer {
  return { status: 200, body: renderList(page.resources, page.total, page) };
}
