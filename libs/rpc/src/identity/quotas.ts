import { resourceExhausted } from '@cassl/errors';
import type { Identity } from './identity.ts';

/** Counts what every identity asks for in this process. */
export interface Quotas {
  /** @throws RESOURCE_EXHAUSTED with `retryAfterMs` where the identity calls too often */
  countRequest(identity: Identity): void;
  /**
   * Takes places for images; give them back by the function that it answers.
   * @throws RESOURCE_EXHAUSTED with `retryAfterMs` where the identity has too many images waiting
   */
  takeImages(identity: Identity, count: number): () => void;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

const SECONDS_OF_BURST = 2;
const IMAGE_RETRY_MS = 500;

/** @param now milliseconds of a clock that never goes back */
export function createQuotas(now: () => number = () => performance.now()): Quotas {
  const buckets = new Map<string, Bucket>();
  const images = new Map<string, number>();
  return {
    countRequest({ name, quota: { requestsPerSecond: rate } }) {
      if (rate === undefined) return;
      const capacity = Math.max(1, rate * SECONDS_OF_BURST);
      const bucket = buckets.get(name) ?? { tokens: capacity, filledAt: now() };
      const tokens = Math.min(capacity, bucket.tokens + ((now() - bucket.filledAt) / 1000) * rate);
      buckets.set(name, { tokens: Math.max(0, tokens >= 1 ? tokens - 1 : tokens), filledAt: now() });
      if (tokens >= 1) return;
      throw resourceExhausted(`${name} makes more than ${rate} requests a second`, {
        details: { reason: 'QUOTA_REQUESTS', retryAfterMs: Math.ceil(((1 - tokens) / rate) * 1000) },
      });
    },
    takeImages({ name, quota: { queuedImages: limit } }, count) {
      if (limit === undefined) return () => undefined;
      const waiting = images.get(name) ?? 0;
      if (waiting + count > limit) {
        throw resourceExhausted(`${name} has ${waiting} images waiting, at most ${limit} may`, {
          details: { reason: 'QUOTA_IMAGES', retryAfterMs: IMAGE_RETRY_MS },
        });
      }
      images.set(name, waiting + count);
      return () => {
        const left = (images.get(name) ?? count) - count;
        if (left > 0) images.set(name, left);
        else images.delete(name);
      };
    },
  };
}
