import { createHash } from 'node:crypto';
import type { CocoId } from '@cassl/coco';
import { invalidArgument } from '@cassl/errors';
import type { Instance } from '@cassl/vision';
import type { Dataset, LabeledImage } from '../dataset.ts';
import { createDropLog, type DropLog } from '../drop-report.ts';
import { checkImages, type CheckedImage, type ImageCheck } from './check-images.ts';
import { readCocoDocument, type CocoDocument } from './coco-document.ts';
import { readInstanceLabels } from './instance-labels.ts';
import { mapCategories, type LabelSet } from './map-categories.ts';
import { readPanopticLabels } from './panoptic-labels.ts';
import { turnInstance } from './turn-instance.ts';

/** `entities` reads a panoptic file, or an entity file that already holds masks, and leaves crowds out. */
export type LabelKind = 'instances' | 'panoptic' | 'entities';

export const labelKinds: readonly LabelKind[] = ['instances', 'panoptic', 'entities'];

export interface OpenCocoDatasetOptions {
  /** Path or address (`file://`, `s3://`) of the annotation JSON. */
  readonly annotations: string;
  /** Folder of the images, path or address. */
  readonly images: string;
  /** @default 'instances' */
  readonly kind?: LabelKind | undefined;
  /** @default 'agnostic' for entities, 'category' for the rest */
  readonly labels?: LabelSet | undefined;
  /** Folder of the panoptic PNGs. @default the annotation file's path without `.json` */
  readonly segments?: string | undefined;
  /** @default 'headers'; 'sizes' keeps very large sets cheap to open */
  readonly check?: ImageCheck | undefined;
  /** Ends the reading between two files. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a data set in COCO's layout. Every image and annotation is checked; what cannot be used is left out, counted and
 * listed in `report`, so that one bad label does not stop a job.
 * @throws NOT_FOUND for a missing file or folder; INVALID_ARGUMENT naming the file and the field where the JSON's
 *   structure is not COCO's.
 */
export async function openCocoDataset(options: OpenCocoDatasetOptions): Promise<Dataset> {
  const { annotations, images: folder, kind = 'instances', check = 'headers', signal } = options;
  const labels = options.labels ?? (kind === 'entities' ? 'agnostic' : 'category');
  const document = await readCocoDocument(annotations, signal);
  const { categories, indexOf } = mapCategories(
    document.categories,
    labels,
    kind === 'entities' ? 'entity' : 'object',
  );
  const log = createDropLog();
  const images = await checkImages(document.images, { images: folder, check, signal }, log);
  const instancesOf = await readLabels(document, images, { ...options, kind }, indexOf, log);

  const labeled = images.map((image) => toUpright(image, instancesOf.get(image.id) ?? []));
  const report = log.report({
    images: { listed: document.images.length, kept: images.length },
    annotations: {
      listed: countListed(document, kind),
      kept: labeled.reduce((sum, { instances }) => sum + instances.length, 0),
    },
  });
  return {
    images: labeled,
    categories,
    report,
    digest: datasetDigest(document, images, `${kind} ${labels}`),
  };
}

/** Images are decoded upright, so their labels are held upright too. */
function toUpright({ fingerprint: _, turn, ...image }: CheckedImage, instances: Instance[]): LabeledImage {
  if (turn === undefined) return { ...image, instances };
  const { width, height } = image;
  return {
    ...image,
    width: height,
    height: width,
    instances: instances.map((instance) => turnInstance(instance, turn, { width, height })),
  };
}

async function readLabels(
  document: CocoDocument,
  images: readonly CheckedImage[],
  { kind, segments, signal }: OpenCocoDatasetOptions & { readonly kind: LabelKind },
  indexOf: ReadonlyMap<CocoId, number>,
  log: DropLog,
): Promise<Map<CocoId, Instance[]>> {
  const isPanoptic = document.annotations.some((entry) => 'segments_info' in entry);
  if (isPanoptic !== (kind === 'panoptic') && kind !== 'entities') {
    const found = isPanoptic ? 'has' : 'has no';
    throw invalidArgument(
      `${document.path}: annotations ${found} segments_info, so it cannot be read as ${kind}`,
    );
  }
  const dropCrowds = kind === 'entities';
  if (isPanoptic) {
    const folder = segments ?? document.path.replace(/\.json$/, '');
    return readPanopticLabels(document, images, { folder, indexOf, dropCrowds, signal }, log);
  }
  return readInstanceLabels(document, images, { indexOf, dropCrowds }, log);
}

function countListed({ annotations }: CocoDocument, kind: LabelKind): number {
  if (kind === 'instances') return annotations.length;
  return annotations.reduce((sum, { segments_info: segments }) => {
    return sum + (Array.isArray(segments) ? segments.length : 1);
  }, 0);
}

/** Order of the images matters, as batches depend on it. */
function datasetDigest(document: CocoDocument, images: readonly CheckedImage[], view: string): string {
  const hash = createHash('sha256').update(document.bytes).update(`\n${view}\n`);
  for (const { key, fingerprint } of images) hash.update(`${fingerprint}  ${key}\n`);
  return `sha256:${hash.digest('hex')}`;
}
