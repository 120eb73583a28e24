import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryServiceWatchResponse } from '@cassl/proto';
import type { Registry } from '../registry.ts';

/** How late a change that another replica made may be seen; changes of this process are seen at once. */
const POLL_MS = 1_000;

/** The position after the newest change; a watch from here sees everything that comes later. */
export async function newestSequence({ db }: Registry): Promise<number> {
  const { newest } = await db
    .selectFrom('changes')
    .select(({ fn }) => fn.max('sequence').as('newest'))
    .executeTakeFirstOrThrow();
  return Number(newest ?? 0);
}

/** Every change after a position, in order, until the signal aborts. */
export async function* watchChanges(
  registry: Registry,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<RegistryServiceWatchResponse> {
  let position = after;
  while (!signal.aborted) {
    const woken = wakeUp(registry, POLL_MS, signal);
    let isWaited = false;
    try {
      const rows = await changesAfter(registry, position);
      for (const { sequence, change } of rows) {
        position = Number(sequence);
        yield RegistryServiceWatchResponse.decode(change);
      }
      isWaited = rows.length === 0;
    } finally {
      // Also for a watcher who leaves at a change, and a database that is away.
      await woken(!isWaited);
    }
  }
  signal.throwIfAborted();
}

function changesAfter(
  { db }: Registry,
  position: number,
): Promise<{ sequence: string | number; change: Uint8Array }[]> {
  return db
    .selectFrom('changes')
    .select(['sequence', 'change'])
    .where('sequence', '>', position)
    .orderBy('sequence')
    .limit(100)
    .execute();
}

/** Begins to listen now, so that a change between the query and the wait is not slept through. */
export function wakeUp(
  { changed }: Pick<Registry, 'changed'>,
  timeoutMs: number,
  signal: AbortSignal,
): (isNow: boolean) => Promise<void> {
  const waiting = new AbortController();
  const stop = (): void => waiting.abort();
  changed.once('change', stop);
  signal.addEventListener('abort', stop, { once: true });
  return async (isNow) => {
    if (!isNow && !signal.aborted)
      await sleep(timeoutMs, undefined, { signal: waiting.signal }).catch(() => undefined);
    changed.off('change', stop);
    signal.removeEventListener('abort', stop);
  };
}
