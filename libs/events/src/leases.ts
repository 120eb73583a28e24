import { openBucket, type Bucket } from './bucket.ts';
import type { EventConnection } from './connect-events.ts';
import { checkKey, checkToken } from './names.ts';

/** The right to work on something, while it is renewed. */
export interface Lease {
  readonly key: string;
  /** Grows with every new holder: a store that remembers the highest one refuses the writes of a superseded holder. */
  readonly fence: number;
  /** Aborted when the lease is lost: another took it, or the server could not be reached for its whole time. */
  readonly signal: AbortSignal;
  /** Gives it back at once, so that the next holder need not wait. */
  release(): Promise<void>;
}

export interface Leases {
  /** Takes the lease, or `undefined` while another holds it. Renewed every third of its time until released or lost. */
  acquire(key: string, holder: string): Promise<Lease | undefined>;
  /** Who holds it now. */
  holder(key: string): Promise<string | undefined>;
}

/** Leases that end by themselves `ttlMs` after their holder died; their expiry is not announced, so poll. */
export async function openLeases(
  connection: EventConnection,
  options: { readonly name: string; readonly ttlMs: number },
): Promise<Leases> {
  const { ttlMs } = options;
  const bucket = await openBucket(connection, `leases-${checkToken('name', options.name)}`, { ttlMs });
  return {
    async acquire(key, holder) {
      const value = new TextEncoder().encode(holder);
      const revision = await bucket.create(checkKey('lease', key), value);
      return revision === undefined ? undefined : hold(bucket, key, value, revision, ttlMs);
    },
    async holder(key) {
      const entry = await bucket.get(checkKey('lease', key));
      return entry && new TextDecoder().decode(entry.value);
    },
  };
}

function hold(bucket: Bucket, key: string, value: Uint8Array, fence: number, ttlMs: number): Lease {
  const lost = new AbortController();
  let revision = fence;
  let renewing: Promise<void> = Promise.resolve();
  const lose = (reason: string): void => {
    clearInterval(timer);
    clearTimeout(expiry);
    lost.abort(new DOMException(`lease ${key} is lost: ${reason}`, 'AbortError'));
  };
  const untilExpiry = (sinceMs: number): NodeJS.Timeout =>
    setTimeout(() => lose(`not renewed for ${ttlMs} ms`), sinceMs + ttlMs - performance.now());
  let expiry = untilExpiry(performance.now());
  const renew = async (): Promise<void> => {
    const askedAt = performance.now();
    try {
      const next = await bucket.update(key, value, revision);
      if (next === undefined) {
        // A renewal whose answer was lost also moved the revision on.
        const current = await bucket.get(key);
        if (current === undefined || Buffer.compare(current.value, value) !== 0)
          return lose('another holds it');
        revision = current.revision;
      } else {
        revision = next;
      }
      clearTimeout(expiry);
      if (!lost.signal.aborted) expiry = untilExpiry(askedAt);
    } catch {
      // The expiry timer decides when trying has lasted too long.
    }
  };
  const timer = setInterval(() => {
    renewing = renewing.then(() => (lost.signal.aborted ? undefined : renew()));
  }, ttlMs / 3);
  return {
    key,
    fence,
    signal: lost.signal,
    async release() {
      clearInterval(timer);
      await renewing;
      clearTimeout(expiry);
      if (!lost.signal.aborted) await bucket.delete(key, revision);
    },
  };
}
