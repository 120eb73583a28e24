import { resourceExhausted, type CasslError } from '@cassl/errors';

/** What may wait for one model. */
export interface QueueLimits {
  readonly images: number;
  /** Bytes of the files and raw pixels that wait. */
  readonly bytes: number;
  /** Pixels that they will be decoded to. */
  readonly pixels: number;
}

export type QueueLoad = QueueLimits;

export const NO_LOAD: QueueLoad = { images: 0, bytes: 0, pixels: 0 };

export function addLoad(a: QueueLoad, b: QueueLoad, sign: 1 | -1 = 1): QueueLoad {
  return {
    images: a.images + sign * b.images,
    bytes: a.bytes + sign * b.bytes,
    pixels: a.pixels + sign * b.pixels,
  };
}

/** Why one more image may not wait; undefined where it may. One image is always let into an empty queue. */
export function overload(waiting: QueueLoad, one: QueueLoad, limits: QueueLimits): CasslError | undefined {
  if (waiting.images === 0) return undefined;
  const after = addLoad(waiting, one);
  for (const kind of ['images', 'bytes', 'pixels'] as const) {
    if (after[kind] <= limits[kind]) continue;
    return resourceExhausted(
      `the queue for inference holds ${waiting[kind]} ${kind} and this image adds ${one[kind]}; the limit is ${limits[kind]} ${kind}. Try again later`,
    );
  }
  return undefined;
}
