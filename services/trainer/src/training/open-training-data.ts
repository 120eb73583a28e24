import { createHash } from 'node:crypto';
import { formatDropReport, pseudoLabelDataset, type Dataset } from '@cassl/datasets';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { readLabels, type LabelRecord } from '@cassl/labels';
import type { Category, DataSource, PseudoLabels, TrainingSpec } from '@cassl/proto';
import { openLabeledDataset } from '@cassl/workers';

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
        sources: [
          {
            role: 'labeled',
            uri: request.annotationsUri,
            digest: plainDigest(dataset.digest),
            license: '',
            teacher: '',
          },
        ],
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
async function openPseudoLabels(request: PseudoLabels): Promise<TrainingData> {
  const { labelUris, labelSet, images: pool, threshold } = request;
  const checkpoints = new Set<string>();
  const images = createHash('sha256');
  async function* records(): AsyncGenerator<LabelRecord> {
    for await (const record of readLabels(labelSet === '' ? labelUris : [labelSet])) {
      checkpoints.add(record.checkpoint);
      images.update(`${record.digest}  ${record.key}\n`);
      yield record;
    }
  }
  const dataset = await pseudoLabelDataset(records(), { threshold });
  const { report } = dataset;
  if (dataset.images.length === 0) {
    throw failedPrecondition(
      `none of the ${report.images.listed} labeled images has a pseudo label above ${threshold}; lower the threshold or train the labeler longer`,
    );
  }
  const first = labelSet === '' ? (labelUris[0] ?? '') : labelSet;
  return {
    dataset,
    categories: dataset.categories.map(toCategory),
    sources: [
      {
        role: 'pseudo-labels',
        uri: first.slice(0, first.lastIndexOf('/')),
        digest: plainDigest(dataset.digest),
        license: '',
        // Of labels by several teachers, the parents name all.
        teacher: checkpoints.size === 1 ? [...checkpoints].join('') : '',
      },
      { role: 'unlabeled', uri: pool?.uri ?? '', digest: images.digest('hex'), license: '', teacher: '' },
    ],
    parents: [...checkpoints],
    notes: formatDropReport(report).split('\n'),
  };
}

/** The images of a label set, file by file, held to their digests; those that failed have nothing to learn from. */
function toCategory({ index, name, sourceIds }: Dataset['categories'][number]): Category {
  // A merged category has no single id of its own in the annotations.
  const [id] = sourceIds;
  return { id: sourceIds.length === 1 && id !== undefined ? id : index + 1, name };
}

function plainDigest(digest: string): string {
  return digest.replace(/^sha256:/, '');
}
