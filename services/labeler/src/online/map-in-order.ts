/**
 * Maps the items of a stream, up to `window` at the same time, and yields the results in the order of the items, each as soon as it is its
 * turn. Reads an item only when there is room for its result: a consumer that stops asking stops the source.
 */
export async function* mapInOrder<From, To>(
  items: AsyncIterable<From>,
  change: (item: From) => Promise<To>,
  window: number,
): AsyncGenerator<To> {
  const pending: Promise<To>[] = [];
  let changed = Promise.withResolvers<void>();
  const state = { hasEnded: false, isAbandoned: false };
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const read = async (): Promise<void> => {
    for await (const item of items) {
      const result = change(item);
      // Awaited in its turn; until then a rejection must not count as unhandled.
      result.catch(() => undefined);
      pending.push(result);
      tell();
      while (pending.length >= window && !state.isAbandoned) await changed.promise;
      if (state.isAbandoned) return;
    }
  };
  const reading = read().finally(() => {
    state.hasEnded = true;
    tell();
  });
  reading.catch(() => undefined);
  try {
    for (;;) {
      const [first] = pending;
      if (first !== undefined) {
        const result = await first;
        void pending.shift();
        tell();
        yield result;
      } else if (state.hasEnded) {
        return await reading;
      } else {
        await changed.promise;
      }
    }
  } finally {
    state.isAbandoned = true;
    tell();
  }
}
