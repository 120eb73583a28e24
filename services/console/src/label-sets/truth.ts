import { openCocoDataset, type LabeledImage } from '@cassl/datasets';
import type { LabeledDataset } from '@cassl/proto';

/** What people labeled in the images of a pool. */
export interface Truth {
  /** Names the labels apart from others'. */
  readonly digest: string;
  readonly categories: readonly string[];
  /** By the image's key in the pool. */
  readonly images: ReadonlyMap<string, LabeledImage>;
}

const known = new Map<string, Promise<Truth>>();

/** Opens the truth of a pool and keeps the last one: it is asked for with every page. */
export function openTruth({ annotationsUri, imagesUri, segmentsUri, kind }: LabeledDataset): Promise<Truth> {
  const name = `${annotationsUri} ${imagesUri} ${segmentsUri}`;
  const opened = known.get(name) ?? read();
  known.clear();
  known.set(name, opened);
  opened.catch(() => known.delete(name));
  return opened;

  async function read(): Promise<Truth> {
    const isPanoptic = kind === 'ANNOTATION_KIND_PANOPTIC';
    const dataset = await openCocoDataset({
      annotations: annotationsUri,
      images: imagesUri,
      kind: isPanoptic ? 'panoptic' : 'instances',
      labels: 'category',
      segments: segmentsUri === '' ? undefined : segmentsUri,
      // Their pictures are decoded when they are looked at.
      check: 'sizes',
    });
    return {
      digest: dataset.digest,
      categories: dataset.categories.map(({ name: category }) => category),
      images: new Map(dataset.images.map((image) => [image.key, image])),
    };
  }
}
