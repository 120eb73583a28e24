import { LIST_LIMIT } from '../contract/list-limit.ts';
import { queryWhole } from '../http/read-query.ts';

/** The first of a list. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** Further ones are not among them. */
  readonly isMore: boolean;
}

/** How many are shown at first, and how many more each time. */
const USUAL = 100;
/** What every service gives at once. */
const USUAL_PAGE = 100;

interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/**
 * Page after page until there are `most`.
 * @param pageSize where the service gives more at once @default 100
 */
export async function firstOf<T>(
  most: number,
  ask: (page: { readonly pageSize: number; readonly pageToken: string }) => Promise<Page<T>>,
  pageSize = USUAL_PAGE,
): Promise<Listed<T>> {
  const items: T[] = [];
  let pageToken = '';
  do {
    const page = await ask({ pageSize: Math.min(pageSize, most - items.length), pageToken });
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && items.length < most);
  return { items, isMore: pageToken !== '' };
}

/** The query `most`: how many are wanted, 1 to 5,000. @default 100 */
export function wantedCount(text: string | undefined): number {
  return queryWhole('most', text, { otherwise: USUAL, min: 1, max: LIST_LIMIT });
}
