import { unavailable } from '@cassl/errors';

/** A disk, a mount or a server that says nothing for so long is taken for gone. */
export const SILENCE_MS = 30_000;

/**
 * Waits for `work`, but not longer. What comes of it afterwards goes to `onLate`, so that nothing stays open.
 * @throws UNAVAILABLE saying what did not answer
 */
export async function withinTime<T>(
  work: Promise<T>,
  what: string,
  options: { readonly limitMs?: number; readonly onLate?: (result: T) => void } = {},
): Promise<T> {
  const { limitMs = SILENCE_MS, onLate } = options;
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    timeout.reject(unavailable(`${what} did not answer within ${limitMs / 1000} s`));
    work.then(onLate, () => undefined);
  }, limitMs);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
