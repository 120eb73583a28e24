import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, failedPrecondition, notFound } from '@cassl/errors';
import { decodeImage } from '@cassl/vision';
import { openCocoDataset, type LabelKind } from './coco/open-coco-dataset.ts';
import { createDropLog, type DropReport } from './drop-report.ts';
import { openImagePool } from './pool/open-image-pool.ts';
import { readShard } from './pool/read-shard.ts';

export interface CheckedPart {
  /** The annotation file, or the folder of unlabeled images. */
  readonly path: string;
  readonly kind: LabelKind | 'unlabeled';
  /** The folder of its images, where that does not follow from COCO's layout. */
  readonly images?: string;
  readonly report: DropReport;
  /** Absent for unlabeled images. */
  readonly digest?: string;
}

// instances_train2017.json -> instances, train2017
const annotationName = /^(instances|panoptic|entities)_(.+)\.json$/;

/**
 * Checks every part of a folder in COCO's layout, decoding every image: each `annotations/<kind>_<split>.json` with the
 * images in `<split>/`, and each split that has no labels.
 * @throws NOT_FOUND or INVALID_ARGUMENT as `openCocoDataset`; FAILED_PRECONDITION where the folder is not laid out so.
 */
export async function checkLayout(folder: string): Promise<CheckedPart[]> {
  const names = await readdir(join(folder, 'annotations')).catch((error: unknown) => {
    throw notFound(
      `data check: ${folder} is not in COCO's layout, cannot read ${join(folder, 'annotations')} (${errorMessage(error)}): ` +
        'name one part with --annotations FILE and --images DIR',
      { cause: error },
    );
  });
  const parts: CheckedPart[] = [];
  const labeled = new Set<string>();
  for (const name of names.sort()) {
    const [, kind, split] = annotationName.exec(name) ?? [];
    if (kind === undefined || split === undefined) continue;
    labeled.add(split);
    const path = join(folder, 'annotations', name);
    const { report, digest } = await openCocoDataset({
      annotations: path,
      images: join(folder, split),
      kind: kind as LabelKind,
      check: 'decode',
    });
    parts.push({ path, kind: kind as LabelKind, report, digest });
  }
  for (const name of names) {
    const split = /^image_info_(.+)\.json$/.exec(name)?.[1];
    if (split === undefined || labeled.has(split)) continue;
    parts.push(await checkPool(join(folder, split)));
  }
  if (parts.length === 0) {
    throw failedPrecondition(
      `data check: ${join(folder, 'annotations')} holds no instances_*.json, panoptic_*.json or entities_*.json`,
    );
  }
  return parts;
}

/** Decodes every image of an unlabeled pool. */
export async function checkPool(uri: string): Promise<CheckedPart> {
  const log = createDropLog();
  let listed = 0;
  let kept = 0;
  const pool = await openImagePool(uri);
  for await (const shard of pool.shards({ imagesPerShard: 256 })) {
    for await (const image of readShard(shard)) {
      listed++;
      try {
        if (image.error !== undefined) throw image.error;
        await decodeImage(image.bytes);
        kept++;
      } catch (error) {
        log.drop('image', 'file is not a readable image', `${image.key}: ${errorMessage(error)}`);
      }
    }
  }
  const passed = pool.report();
  const { reasons } = log.report({ images: { listed, kept }, annotations: { listed: 0, kept: 0 } });
  return {
    path: uri,
    kind: 'unlabeled',
    report: {
      images: { listed: listed + (passed?.listed ?? 0) - (passed?.kept ?? 0), kept },
      annotations: { listed: 0, kept: 0 },
      reasons: [
        ...reasons,
        ...(passed?.unread ?? []).map(
          (unread) => ({ ...unread, what: 'image', outcome: 'dropped' }) as const,
        ),
      ],
    },
  };
}

/** True where something can be trained on, labeled or evaluated. */
export function isUsable({ kind, report }: CheckedPart): boolean {
  return report.images.kept > 0 && (kind === 'unlabeled' || report.annotations.kept > 0);
}
