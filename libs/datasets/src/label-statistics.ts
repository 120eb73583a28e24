import type { Instance } from '@cassl/vision';
import type { Dataset, LabeledImage } from './dataset.ts';

/** How crowded labeled images are and how large, whole and hidden their objects: what generated scenes can be held against. */
export interface LabelStatistics {
  readonly images: number;
  /** Without crowds. */
  readonly objects: number;
  readonly objectsPerImage: { readonly mean: number; readonly median: number; readonly p90: number };
  /** √(area of the object / area of the image), 0 to 1. */
  readonly size: { readonly p10: number; readonly median: number; readonly p90: number };
  /** Share of objects whose box meets another one's. */
  readonly overlapping: number;
  /** Share of objects within a pixel of the image's edge. */
  readonly cut: number;
  /** Mean area of an object over that of its box. */
  readonly fill: number;
}

/** Of no object at all, shares and sizes are 0. */
export function labelStatistics({ images }: Pick<Dataset, 'images'>): LabelStatistics {
  const found = images.map((image) => ({ image, objects: image.instances.filter(({ crowd }) => !crowd) }));
  const all = found.flatMap(({ image, objects }) =>
    objects.map((object) => ({
      size: Math.sqrt(object.area / (image.width * image.height)),
      fill: object.area / boxArea(object),
      overlaps: objects.some((other) => other !== object && meet(object, other)),
      isCut: reachesEdge(object, image),
    })),
  );
  const counts = found.map(({ objects }) => objects.length).sort(ascending);
  const sizes = all.map(({ size }) => size).sort(ascending);
  return {
    images: images.length,
    objects: all.length,
    objectsPerImage: { mean: mean(counts), median: quantile(counts, 0.5), p90: quantile(counts, 0.9) },
    size: { p10: quantile(sizes, 0.1), median: quantile(sizes, 0.5), p90: quantile(sizes, 0.9) },
    overlapping: mean(all.map(({ overlaps }) => Number(overlaps))),
    cut: mean(all.map(({ isCut }) => Number(isCut))),
    fill: mean(all.map(({ fill }) => fill)),
  };
}

function boxArea({ box: [x1, y1, x2, y2] }: Instance): number {
  return (x2 - x1) * (y2 - y1);
}

function meet({ box: a }: Instance, { box: b }: Instance): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

function reachesEdge({ box: [x1, y1, x2, y2] }: Instance, { width, height }: LabeledImage): boolean {
  return x1 <= 1 || y1 <= 1 || x2 >= width - 1 || y2 >= height - 1;
}

function ascending(a: number, b: number): number {
  return a - b;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The nearest one that is there. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
