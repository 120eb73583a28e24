import type { DetectionKernels } from '@cassl/engine';
import type { DetectorConfig } from '../config.ts';
import type { Level } from '../pyramid.ts';
import type { CellGrid } from '../targets/patch-indices.ts';
import type { Candidate, DensePredictions, SelectionLimits } from './select-detections.ts';

const NUMBERS = 10;

/** `selectDetections` for every image of a batch, by the engine. */
export function selectNatively(
  native: DetectionKernels,
  config: DetectorConfig,
  levels: readonly Level[],
  grid: CellGrid,
  { classes, boxes }: DensePredictions,
  limits: readonly SelectionLimits[],
): Candidate[][] {
  const settings = Float64Array.from([
    ...[grid.batchSize, config.classes, levels.length, config.candidatesPerLevel],
    config.thresholdOn === 'product' ? 1 : 0,
    ...levels.flatMap(({ stride }, index) => {
      const { height, width } = grid.sizes[index]!;
      return [height, width, stride, grid.offsets[index]!];
    }),
    ...limits.flatMap((limit) => [
      limit.scoreThreshold ?? config.scoreThreshold,
      limit.nmsThreshold ?? config.nmsThreshold,
      limit.maxDetections ?? config.maxDetections,
    ]),
  ]);
  const found = native.selectDetections(classes, boxes, settings);
  const perImage: Candidate[][] = limits.map(() => []);
  for (let at = 0; at < found.length; at += NUMBERS) {
    const [image, level, row, column, category, score, x1, y1, x2, y2] = found.subarray(
      at,
      at + NUMBERS,
    ) as unknown as [
      ...[number, number, number, number, number, number],
      ...[number, number, number, number],
    ];
    perImage[image]!.push({ image, level, row, column, category, score, box: [x1, y1, x2, y2] });
  }
  return perImage;
}
