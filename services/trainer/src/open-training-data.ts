import { createHash } from 'node:crypto';
import { formatDropReport, type Dataset } from '@cassl/datasets';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import type { Category, DataSource, PseudoLabels, TrainingSpec } from '@cassl/proto';
import { decodeLabelFile, openLabeledDataset, readUri, type LabeledLine } from '@cassl/workers';
import { rleArea } from '@cassl/vision';
import { openPool } from './open-pool.ts';

/** What a training learns from. */
export interface TrainingData {
  readonly dataset: Dataset;
  /** Classifier channels in order. */
  readonly categories: readonly Category[];
  /** For the manifest. */
  readonly sources: readonly DataSource[];
  /** Checkpoints whose labels it learns. */
  readonly parents: readonly string[];
  /** What was dropped and why, one line each. */
  readonly notes: readonly string[];
}

/** @throws NOT_FOUND, INVALID_ARGUMENT for data that cannot be read; FAILED_PRECONDITION where nothing is left of it */
export async function openTrainingData(spec: TrainingSpec): Promise<TrainingData> {
  switch (spec.data?.$case) {
    case 'labeled': {
      const request = spec.data.value;
      const dataset = await openLabeledDataset(request);
      return {
        dataset,
        categories: dataset.categories.map(toCategory),
        sources: [{ role: 'labeled', uri: request.annotationsUri, digest: plainDigest(dataset.digest) }],
        parents: [],
        notes: dataset.report.reasons.length === 0 ? [] : formatDropReport(dataset.report).split('\n'),
      };
    }
    case 'pseudoLabels':
      return openPseudoLabels(spec.data.value);
    case undefined:
      throw invalidArgument('TrainingSpec.data is missing: give labeled or pseudo_labels');
  }
}

/** Pseudo labels with a score above the threshold; images that keep none are removed (paper, eq. 3; method.md 1.3). */
async function openPseudoLabels({ labelUris, images: pool, threshold }: PseudoLabels): Promise<TrainingData> {
  if (pool === undefined) throw invalidArgument('TrainingSpec.pseudo_labels.images is missing');
  const hash = createHash('sha256');
  const lines: LabeledLine[] = [];
  for (const uri of [...labelUris].sort()) {
    const bytes = await readUri(uri);
    hash.update(bytes);
    lines.push(...decodeLabelFile(uri, bytes));
  }
  lines.sort((a, b) => (a.key < b.key ? -1 : 1));
  const locate = await openPool(pool);
  const kept = lines
    .map((line) => ({ ...line, detections: line.detections.filter(({ score }) => score > threshold) }))
    .filter(({ detections }) => detections.length > 0);
  if (kept.length === 0) {
    throw failedPrecondition(
      `none of the ${lines.length} labeled images has a pseudo label above ${threshold}; lower the threshold or train the labeler longer`,
    );
  }
  const labels = kept.reduce((sum, { detections }) => sum + detections.length, 0);
  const digest = `sha256:${hash.update(`\n${threshold}\n`).digest('hex')}`;
  const notes = [
    `${kept.length} of ${lines.length} images keep ${labels} pseudo labels with a score above ${threshold}`,
  ];
  const dataset: Dataset = {
    images: kept.map(({ key, width, height, detections }, index) => ({
      id: index + 1,
      key,
      location: locate(key),
      width,
      height,
      instances: detections.map(({ box, mask }) => ({
        box,
        category: 0,
        crowd: false,
        area: mask === undefined ? (box[2] - box[0]) * (box[3] - box[1]) : rleArea(mask),
        ...(mask === undefined ? {} : { mask }),
      })),
    })),
    categories: [{ index: 0, name: 'object', sourceIds: [1] }],
    report: {
      images: { listed: lines.length, kept: kept.length },
      annotations: { listed: labels, kept: labels },
      reasons: [],
    },
    digest,
  };
  return {
    dataset,
    categories: dataset.categories.map(toCategory),
    sources: [
      { role: 'pseudo-labels', uri: folderOf(labelUris[0] ?? ''), digest: plainDigest(digest) },
      { role: 'unlabeled', uri: pool.uri, digest: imagesDigest(kept) },
    ],
    parents: [...new Set(lines.map(({ checkpoint }) => checkpoint))],
    notes,
  };
}

function toCategory({ index, name, sourceIds }: Dataset['categories'][number]): Category {
  // A merged category has no single id of its own in the annotations.
  const [id] = sourceIds;
  return { id: sourceIds.length === 1 && id !== undefined ? id : index + 1, name };
}

function imagesDigest(lines: readonly LabeledLine[]): string {
  const hash = createHash('sha256');
  for (const { key, sha256 } of lines) hash.update(`${sha256}  ${key}\n`);
  return hash.digest('hex');
}

function folderOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf('/'));
}

function plainDigest(digest: string): string {
  return digest.replace(/^sha256:/, '');
}
