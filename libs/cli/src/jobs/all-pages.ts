/** The largest page that services give. */
const LARGEST = 500;

export interface AnsweredPage<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/** Asks page after page for at most `limit` items. */
export async function allPages<Item>(
  limit: number,
  ask: (page: { readonly pageSize: number; readonly pageToken: string }) => Promise<AnsweredPage<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let pageToken = ''; items.length < limit;) {
    const page = await ask({ pageSize: Math.min(LARGEST, limit - items.length), pageToken });
    items.push(...page.items);
    pageToken = page.nextPageToken;
    if (pageToken === '') break;
  }
  return items;
}
