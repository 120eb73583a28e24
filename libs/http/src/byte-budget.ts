import { resourceExhausted } from '@cassl/errors';

/** Bytes of bodies that a server holds at the same time, whoever sends them and however slowly. */
export interface ByteBudget {
  /** One request's share. */
  open(): HeldBytes;
}

export interface HeldBytes {
  /** @throws RESOURCE_EXHAUSTED with a time to retry where the others hold too much */
  take(more: number): void;
  /** Gives everything back; later calls do nothing. */
  release(): void;
}

const RETRY_MS = 1000;

export function byteBudget(maxBytes: number): ByteBudget {
  let taken = 0;
  return {
    open() {
      let bytes = 0;
      return {
        take(more) {
          if (taken + more > maxBytes)
            throw resourceExhausted(
              `the bodies of all requests hold ${taken} bytes and ${more} more are over the limit of ${maxBytes}; try again`,
              { details: { reason: 'BODIES_HELD', retryAfterMs: RETRY_MS } },
            );
          taken += more;
          bytes += more;
        },
        release() {
          taken -= bytes;
          bytes = 0;
        },
      };
    },
  };
}
