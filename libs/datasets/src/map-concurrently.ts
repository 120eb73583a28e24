export interface ConcurrentMap {
  /** Calls that may run at a time. */
  readonly limit: number;
  /** Ends it between two items, whatever the calls do. */
  readonly signal?: AbortSignal | undefined;
}

/** `map` over the items in order of results; the first failure rejects, and no further item is begun. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  { limit, signal }: ConcurrentMap,
  map: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      signal?.throwIfAborted();
      const index = next++;
      try {
        results[index] = await map(items[index]!, index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  signal?.throwIfAborted();
  return results;
}
