import { prepareBatch, type DetectorConfig, type TrainingBatch } from '@cassl/detector';
import type { TrainingSample } from '@cassl/vision';

interface RandomBatchOptions {
  readonly batchSize: number;
  /** Pixels of a side. */
  readonly size: number;
  readonly seed: number;
}

/** Noise with four filled ellipses each: what a training step computes, not what it learns, is measured with it. */
export function randomBatch(
  config: DetectorConfig,
  { batchSize, size, seed }: RandomBatchOptions,
): TrainingBatch {
  const random = uniformNumbers(seed);
  const samples = Array.from({ length: batchSize }, (_, index) =>
    randomSample(`${seed}-${index}`, size, random),
  );
  return prepareBatch(config, samples);
}

function randomSample(key: string, size: number, random: () => number): TrainingSample {
  const data = Uint8Array.from({ length: size * size * 3 }, () => random() * 256);
  const instances = Array.from({ length: 4 }, () => {
    const width = Math.floor(size * (0.15 + 0.35 * random()));
    const height = Math.floor(size * (0.15 + 0.35 * random()));
    const left = Math.floor(random() * (size - width));
    const top = Math.floor(random() * (size - height));
    const mask = new Uint8Array(size * size);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inside = ((2 * x + 1) / width - 1) ** 2 + ((2 * y + 1) / height - 1) ** 2 <= 1;
        if (inside) mask[(top + y) * size + left + x] = 1;
      }
    }
    return {
      box: [left, top, left + width, top + height] as const,
      category: 0,
      mask: { data: mask, height: size, width: size },
    };
  });
  return { key, image: { data, height: size, width: size }, instances };
}

function uniformNumbers(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
