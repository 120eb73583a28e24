import { errorMessage, unavailable } from '@cassl/errors';

export interface HoldLastOptions {
  /** A value older than this is no answer any more. */
  readonly maxAgeMs: number;
  readonly now?: () => number;
}

/**
 * Answers the last known value while reading fails, for a while; then an error. A scaler that guesses takes running pods away
 * or buys GPUs for nothing; at an error KEDA leaves the pods as they are.
 */
export function holdLast<T>(
  read: () => Promise<T>,
  { maxAgeMs, now = () => performance.now() }: HoldLastOptions,
): () => Promise<T> {
  let last: { readonly value: T; readonly at: number } | undefined;
  return async () => {
    try {
      const value = await read();
      last = { value, at: now() };
      return value;
    } catch (cause) {
      if (last !== undefined && now() - last.at <= maxAgeMs) return last.value;
      throw unavailable(`the amount of work is not known now: ${errorMessage(cause)}`, { cause });
    }
  };
}
