import { readFile, stat } from 'node:fs/promises';

export interface WatchedFileOptions<T> {
  readonly paths: readonly string[];
  /** Makes the value of the files' contents; what it throws leaves the last good value in place. */
  readonly parse: (contents: readonly Buffer[]) => T;
  readonly onChange?: (value: T) => void;
  readonly onError: (error: unknown) => void;
  /** @default 2000 */
  readonly everyMs?: number;
}

/** The current value of files that are replaced while the program runs. */
export interface WatchedFiles<T> {
  current(): T;
  /** Looks now instead of at the next turn. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * Reads files again whenever they change. A value that is broken, half-written or gone keeps the last good one: secrets
 * are replaced by programs that know nothing of us. Looked at by the clock, since no file system event crosses the symlinks
 * of a Kubernetes volume.
 * @throws what `parse` throws at the first reading
 */
export async function watchFiles<T>(options: WatchedFileOptions<T>): Promise<WatchedFiles<T>> {
  const { paths, parse, onChange, onError, everyMs = 2000 } = options;
  let seen = await stampOf(paths);
  let value = parse(await Promise.all(paths.map((path) => readFile(path))));
  const refresh = async (): Promise<void> => {
    try {
      const stamp = await stampOf(paths);
      if (stamp === seen) return;
      value = parse(await Promise.all(paths.map((path) => readFile(path))));
      seen = stamp;
      onChange?.(value);
    } catch (error) {
      onError(error);
    }
  };
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void refresh().finally(() => (isLooking = false));
  }, everyMs);
  timer.unref();
  return { current: () => value, refresh, close: () => clearInterval(timer) };
}

async function stampOf(paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  return stats.map(({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`).join(' ');
}
