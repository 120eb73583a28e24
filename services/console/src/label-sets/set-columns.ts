/** What filters and orders look at, a column a fact, in pool order: 26 bytes an image. In shared memory, so that a thread can fill it. */
export interface SetColumns {
  /** [0]: images that were looked at so far; the columns are valid up to there. */
  readonly progress: Int32Array;
  readonly total: number;
  /** Best score; 0 without a label, -1 where the image failed. */
  readonly best: Float32Array;
  readonly labels: Uint16Array;
  /** Square root of the box's share of the image, of the smallest and the largest label. */
  readonly smallest: Float32Array;
  readonly largest: Float32Array;
  /** Labels that are not true, objects that were not found, objects in all; 0 without truth. */
  readonly falsePositives: Uint16Array;
  readonly missed: Uint16Array;
  readonly objects: Uint16Array;
  /** Bit c: an object of class c is in the image, for the first 32 classes. */
  readonly classes: Uint32Array;
}

export function createColumns(total: number): SetColumns {
  const shared = (bytesEach: number): SharedArrayBuffer => new SharedArrayBuffer(bytesEach * total);
  return {
    progress: new Int32Array(new SharedArrayBuffer(4)),
    total,
    best: new Float32Array(shared(4)),
    labels: new Uint16Array(shared(2)),
    smallest: new Float32Array(shared(4)),
    largest: new Float32Array(shared(4)),
    falsePositives: new Uint16Array(shared(2)),
    missed: new Uint16Array(shared(2)),
    objects: new Uint16Array(shared(2)),
    classes: new Uint32Array(shared(4)),
  };
}

/** Images that were looked at so far. */
export function seenOf({ progress }: SetColumns): number {
  return Atomics.load(progress, 0);
}
