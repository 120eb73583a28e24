import { setTimeout as delay } from 'node:timers/promises';
import {
  Watch,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node';

export interface WatchObjectsOptions<T extends KubernetesObject> {
  readonly config: KubeConfig;
  /** Of the collection, for example `/apis/batch/v1/namespaces/cassl/jobs`. */
  readonly path: string;
  readonly labelSelector: string;
  readonly list: () => Promise<KubernetesListObject<T>>;
  /** All objects by name, each time something changed. */
  readonly onChange: (objects: ReadonlyMap<string, T>) => void;
  /** A list or watch failed; it is tried again. */
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** Watches can die without a word: after so long everything is listed again. @default 60_000 */
  readonly relistMs?: number;
}

const RETRY_MS = 1000;

/** Keeps a copy of the cluster's objects until the signal aborts: list, watch for a minute, list again. */
export async function watchObjects<T extends KubernetesObject>(
  options: WatchObjectsOptions<T>,
): Promise<void> {
  const { signal, onError } = options;
  while (!signal.aborted) {
    try {
      await listAndWatch(options);
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function listAndWatch<T extends KubernetesObject>(options: WatchObjectsOptions<T>): Promise<void> {
  const { config, path, labelSelector, list, onChange, signal, relistMs = 60_000 } = options;
  const { items, metadata } = await list();
  const objects = new Map(items.map((item) => [item.metadata?.name ?? '', item]));
  onChange(objects);
  const ended = Promise.withResolvers<void>();
  const watch = await new Watch(config).watch(
    path,
    {
      labelSelector,
      resourceVersion: metadata?.resourceVersion,
      timeoutSeconds: Math.ceil(relistMs / 1000),
      allowWatchBookmarks: true,
    },
    (phase, object: T) => {
      const name = object.metadata?.name ?? '';
      if (phase === 'DELETED') objects.delete(name);
      else if (phase === 'ADDED' || phase === 'MODIFIED') objects.set(name, object);
      // ERROR: the version is too old; the next round lists again.
      else return;
      onChange(objects);
    },
    () => ended.resolve(),
  );
  // The server ends the watch in time; where its word is lost, this timer does.
  const timer = setTimeout(() => ended.resolve(), relistMs + 5000);
  const stop = (): void => ended.resolve();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    watch.abort();
  }
}
