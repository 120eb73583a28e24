/** Numbers of a batch that its losses are divided by. */
export interface BatchCounts {
  readonly images: number;
  /** Positive cells. */
  readonly positives: number;
  /** Their centerness, summed. */
  readonly centerness: number;
  /** Positives whose masks are trained. */
  readonly masks: number;
  /** Ground truth masks that they belong to. */
  readonly truths: number;
}

/** The batch of which several processes train a part each: losses are divided by the counts of all of it. */
export interface WholeBatch extends BatchCounts {
  /** Images of the parts before this one. */
  readonly firstImage: number;
}

/** Targets of the positive cells of a batch, P of them, by level, image, row and column. */
export interface PositiveTargets {
  readonly count: number;
  /** [P] cell in the level-major grid (`cellGrid`). */
  readonly cells: Int32Array;
  /** [P × 9] cells of the 3×3 neighbourhood; the number of cells stands for a zero. */
  readonly patches: Int32Array;
  /** [P] index of the level. */
  readonly levels: Int32Array;
  /** [P × 4] distances to left, top, right, bottom in strides. */
  readonly distances: Float32Array;
  /** [P] in (0, 1]. */
  readonly centerness: Float32Array;
  /**
   * True where this part of a batch has no positive but another has: one row of zeros, which trains nothing, keeps the
   * processes in step.
   */
  readonly isPlaceholder?: boolean;
}

/**
 * Positives whose masks are trained, in S slots per image so that all images run in one batched product; empty slots
 * repeat positive 0 with weight 0.
 */
export interface MaskTargets {
  readonly slots: number;
  /** Filled slots; 0 where only other parts of the batch have some: then one empty ground truth stands in. */
  readonly count: number;
  /** [B × S] index into the positives. */
  readonly positives: Int32Array;
  /** [B × S] 1 for a filled slot. */
  readonly weights: Float32Array;
  /** [B × S × 3] x / soi, y / soi and 1 / soi of the instance's cell. */
  readonly origins: Float32Array;
  /** [B × S] index into `samples`. */
  readonly targetIndex: Int32Array;
  /** [B × S] set samples of the target, Σ g² of the Dice loss. */
  readonly targetArea: Float32Array;
  /** [G × height × width] ground truth masks sampled at `stride`. */
  readonly samples: Uint8Array;
  readonly sampleCount: number;
  /** [G] image of each ground truth mask. */
  readonly sampleImages: Int32Array;
  readonly height: number;
  readonly width: number;
}

/** All that one training step reads: plain typed arrays, made by `prepareBatch` in any thread and free to transfer. */
export interface TrainingBatch {
  readonly keys: readonly string[];
  readonly batchSize: number;
  /** Padded size in pixels. */
  readonly height: number;
  readonly width: number;
  /** [B × height × width × 3] normalised; padding is 0. */
  readonly images: Float32Array;
  /** [cells] category of each cell of the level-major grid; `classes` is background. */
  readonly labels: Int32Array;
  readonly positives: PositiveTargets;
  /** Absent without masks, or without a positive. */
  readonly masks?: MaskTargets;
  /** Absent: this is all of it. */
  readonly whole?: WholeBatch;
}

/** What the part itself has. */
export function countBatch({ batchSize, positives, masks }: TrainingBatch): BatchCounts {
  return {
    images: batchSize,
    positives: positives.isPlaceholder === true ? 0 : positives.count,
    centerness: positives.centerness.reduce((total, value) => total + value, 0),
    masks: masks?.count ?? 0,
    truths: masks === undefined || masks.count === 0 ? 0 : masks.sampleCount,
  };
}

/** The batch that it is a part of. */
export function wholeOf(batch: TrainingBatch): WholeBatch {
  return batch.whole ?? { ...countBatch(batch), firstImage: 0 };
}

/** The buffers of a batch, for the transfer list of `postMessage`. */
export function batchTransferList(batch: TrainingBatch): ArrayBuffer[] {
  const parts: readonly object[] = [batch, batch.positives, batch.masks ?? {}];
  const values = parts.flatMap((part): unknown[] => Object.values(part));
  return values.filter((value) => ArrayBuffer.isView(value)).map((value) => value.buffer as ArrayBuffer);
}
