import { openCocoDataset, type DatasetCategory, type LabeledImage } from '@cassl/datasets';
import type { LabeledDataset } from '@cassl/proto';

/** What people labeled in the images of a pool. */
export interface Truth {
  readonly categories: readonly string[];
  /** The same with their ids. */
  readonly classes: readonly DatasetCategory[];
  /** By the image's key in the pool. */
  readonly images: ReadonlyMap<string, LabeledImage>;
}

/** A truth with where it came from. */
export interface OpenTruth extends Truth {
  readonly dataset: LabeledDataset;
}

const known = new Map<string, Promise<OpenTruth>>();

/** Opens the truth of a pool and keeps the last one: it is asked for with every page. */
export function openTruth(request: LabeledDataset): Promise<OpenTruth> {
  const { annotationsUri, imagesUri, segmentsUri, kind } = request;
  const name = `${annotationsUri} ${imagesUri} ${segmentsUri}`;
  const opened = known.get(name) ?? read();
  known.clear();
  known.set(name, opened);
  opened.catch(() => known.delete(name));
  return opened;

  async function read(): Promise<OpenTruth> {
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
      dataset: request,
      classes: dataset.categories,
      categories: dataset.categories.map(({ name: category }) => category),
      images: new Map(dataset.images.map((image) => [image.key, image])),
    };
  }
}
