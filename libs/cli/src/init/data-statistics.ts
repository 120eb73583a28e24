import type { Dataset } from '@cassl/datasets';

/** What proposals are made from. */
export interface DataStatistics {
  readonly images: number;
  readonly objects: number;
  readonly categories: number;
  /** The category with the fewest objects, and how many. */
  readonly rarest: { readonly name: string; readonly objects: number };
  readonly haveMasks: boolean;
  /** Pixels. */
  readonly medianLongSide: number;
  /** Short side over long side. */
  readonly medianAspect: number;
  /** Short side of an object's box over the long side of its image: a tenth of the objects is smaller. */
  readonly smallObject: number;
  readonly medianObject: number;
}

export function dataStatistics({
  images,
  categories,
}: Pick<Dataset, 'images' | 'categories'>): DataStatistics {
  const objects = images.flatMap((image) =>
    image.instances.filter(({ crowd }) => !crowd).map((instance) => ({ image, instance })),
  );
  const sides = objects.map(({ image, instance: { box } }) => {
    const [x1, y1, x2, y2] = box;
    return Math.min(x2 - x1, y2 - y1) / Math.max(image.width, image.height);
  });
  const counts = categories.map(({ index, name }) => ({
    name,
    objects: objects.filter(({ instance }) => instance.category === index).length,
  }));
  return {
    images: images.length,
    objects: objects.length,
    categories: categories.length,
    rarest: counts.toSorted((a, b) => a.objects - b.objects)[0] ?? { name: '', objects: 0 },
    haveMasks: objects.length > 0 && objects.every(({ instance }) => instance.mask !== undefined),
    medianLongSide: quantile(
      images.map(({ width, height }) => Math.max(width, height)),
      0.5,
    ),
    medianAspect: quantile(
      images.map(({ width, height }) => Math.min(width, height) / Math.max(width, height)),
      0.5,
    ),
    smallObject: quantile(sides, 0.1),
    medianObject: quantile(sides, 0.5),
  };
}

/** 0 of nothing. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
