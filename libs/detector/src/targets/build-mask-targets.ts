import type { BinaryMask, TrainingSample } from '@cassl/vision';
import type { DetectorConfig } from '../config.ts';
import type { BatchPart } from '../batch-part.ts';
import type { Level, MapSize } from '../pyramid.ts';
import type { MaskTargets } from '../training-batch.ts';
import type { PlacedPositive } from './assign-targets.ts';
import { sampleMask } from './mask-geometry.ts';
import { selectMaskInstances, selectOfPart } from './select-mask-instances.ts';

export interface MaskTargetInputs {
  readonly config: DetectorConfig;
  readonly samples: readonly TrainingSample[];
  readonly placed: readonly PlacedPositive[];
  readonly levels: readonly Level[];
  /** Padded size in pixels. */
  readonly frame: MapSize;
  readonly seed: number;
  /** Where the samples are a part of a batch: the limits are the whole batch's. */
  readonly part?: BatchPart | undefined;
}

/** Chooses the positives whose masks are trained and samples each of their ground truth masks once. */
export function buildMaskTargets({
  config,
  samples,
  placed,
  levels,
  frame,
  seed,
  part,
}: MaskTargetInputs): MaskTargets {
  const limits = { total: config.maxMaskInstances, perImage: config.maxMaskInstancesPerImage, seed };
  const selection =
    part === undefined
      ? selectMaskInstances(
          placed.map((positive) => positive.image),
          samples.length,
          limits,
        )
      : selectOfPart(part, samples.length, limits);
  const slots = Math.max(1, ...selection.perImage.map((list) => list.length));
  const total = samples.length * slots;
  const positives = new Int32Array(total);
  const weights = new Float32Array(total);
  const origins = new Float32Array(total * 3);
  const targetIndex = new Int32Array(total);
  const targetArea = new Float32Array(total);

  // Predictions are made at half the stride of the finest level (method 2.6).
  const step = levels[0]!.stride / 2;
  const size = { height: frame.height / step, width: frame.width / step };
  const used = usedGroundTruths(selection.perImage, placed);
  // A part of which nothing was drawn still has one ground truth, an empty one.
  const sampleCount = Math.max(1, used.length);
  const samplesOut = new Uint8Array(sampleCount * size.height * size.width);
  const row = new Map<string, { index: number; area: number }>();
  used.forEach(({ image, groundTruth }, index) => {
    const mask: BinaryMask = samples[image]!.instances[groundTruth]!.mask!;
    const area = sampleMask(mask, step, size, samplesOut, index * size.height * size.width);
    row.set(`${image}/${groundTruth}`, { index, area });
  });

  selection.perImage.forEach((list, image) => {
    list.forEach((positive, slot) => {
      const at = image * slots + slot;
      const { x, y, level, groundTruth } = placed[positive]!;
      const target = row.get(`${image}/${groundTruth}`)!;
      const scale = 1 / levels[level]!.sizeOfInterest;
      positives[at] = positive;
      weights[at] = 1;
      origins.set([x * scale, y * scale, scale], at * 3);
      targetIndex[at] = target.index;
      targetArea[at] = target.area;
    });
  });
  return {
    slots,
    count: selection.count,
    positives,
    weights,
    origins,
    targetIndex,
    targetArea,
    samples: samplesOut,
    sampleCount,
    sampleImages: used.length === 0 ? new Int32Array(1) : Int32Array.from(used, ({ image }) => image),
    height: size.height,
    width: size.width,
  };
}

function usedGroundTruths(
  perImage: readonly (readonly number[])[],
  placed: readonly PlacedPositive[],
): { image: number; groundTruth: number }[] {
  return perImage.flatMap((list, image) => {
    const unique = new Set(list.map((positive) => placed[positive]!.groundTruth));
    return [...unique].sort((a, b) => a - b).map((groundTruth) => ({ image, groundTruth }));
  });
}
