/** Values of several sources as they come; ends with the last source. What one throws ends all. */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const waiting = new Map(iterators.map((iterator) => [iterator, tagged(iterator)]));
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values());
      if (result.done === true) {
        waiting.delete(iterator);
        continue;
      }
      waiting.set(iterator, tagged(iterator));
      yield result.value;
    }
  } finally {
    for (const iterator of waiting.keys()) void iterator.return?.().catch(() => undefined);
  }
}

async function tagged<T>(
  iterator: AsyncIterator<T>,
): Promise<{ readonly iterator: AsyncIterator<T>; readonly result: IteratorResult<T> }> {
  return { iterator, result: await iterator.next() };
}
