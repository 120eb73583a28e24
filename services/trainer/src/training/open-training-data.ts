import { createHash } from 'node:crypto';
import {
  formatDropReport,
  openLabelSetDataset,
  pseudoLabelDataset,
  writtenIds,
  type DatasetCategory,
  type TrainingSet,
} from '@cassl/datasets';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { readLabels, type LabelRecord } from '@cassl/labels';
import type { Category, DataSource, PseudoLabels, TrainingSpec } from '@cassl/proto';
import { folderOfAddress } from '@cassl/storage';
import { openLabeledDataset } from '@cassl/workers';

/** What a training learns from. */
export interface TrainingData {
  readonly dataset: TrainingSet;
  /** Classifier channels in order. */
  readonly categories: readonly Category[];
  /** For the manifest. */
  readonly sources: readonly DataSource[];
  /** Checkpoints whose labels it learns. */
  readonly parents: readonly string[];
  /** What was dropped and why, one line each. */
  readonly notes: readonly string[];
}

/** The classes that a checkpoint tells apart, in the order of its classifier. */
export type ClassesOf = (checkpoint: string) => Promise<readonly Category[]>;

export interface OpenTrainingDataOptions {
  readonly classesOf: ClassesOf;
  readonly signal?: AbortSignal | undefined;
}

/** @throws NOT_FOUND, INVALID_ARGUMENT for data that cannot be read; FAILED_PRECONDITION where nothing is left of it */
export async function openTrainingData(
  spec: TrainingSpec,
  { classesOf, signal }: OpenTrainingDataOptions,
): Promise<TrainingData> {
  switch (spec.data?.$case) {
    case 'labeled': {
      const request = spec.data.value;
      const dataset = await openLabeledDataset(request, { signal });
      return {
        dataset,
        categories: writtenCategories(dataset),
        sources: [
          {
            role: 'labeled',
            uri: request.annotationsUri,
            digest: plainDigest(dataset.digest),
            license: '',
            teacher: '',
          },
          ...(spec.softTeacher?.unlabeled === undefined
            ? []
            : [
                {
                  role: 'unlabeled',
                  uri: spec.softTeacher.unlabeled.uri,
                  digest: '',
                  license: '',
                  teacher: '',
                },
              ]),
        ],
        parents: [],
        notes: dataset.report.reasons.length === 0 ? [] : formatDropReport(dataset.report).split('\n'),
      };
    }
    case 'pseudoLabels':
      return openPseudoLabels(spec.data.value, { classesOf, signal });
    case undefined:
      throw invalidArgument('TrainingSpec.data is missing: give labeled or pseudo_labels');
  }
}

/** Pseudo labels with a score above the threshold; images that keep none are removed (paper, eq. 3; method.md 1.3). */
async function openPseudoLabels(
  request: PseudoLabels,
  { classesOf, signal }: OpenTrainingDataOptions,
): Promise<TrainingData> {
  const { labelUris, labelSet, images: pool, threshold, classSpecific } = request;
  const files = labelSet === '' ? labelUris : [labelSet];
  const categories = classSpecific ? await classesOfTeacher(files, { classesOf, signal }) : undefined;
  const checkpoints = new Set<string>();
  const images = createHash('sha256');
  const note = (checkpoint: string, digest: string, key: string): void => {
    checkpoints.add(checkpoint);
    images.update(`${digest}  ${key}\n`);
  };
  async function* records(): AsyncGenerator<LabelRecord> {
    for await (const record of readLabels(labelUris)) {
      signal?.throwIfAborted();
      note(record.checkpoint, record.digest, record.key);
      yield record;
    }
  }
  // A label set has any size: it stays where it is.
  const dataset =
    labelSet === ''
      ? await pseudoLabelDataset(records(), { threshold, categories })
      : await openLabelSetDataset(labelSet, {
          threshold,
          categories,
          signal,
          onImage: ({ checkpoint, sha256, key }) => note(checkpoint, sha256, key),
        });
  const { report } = dataset;
  if (report.images.kept === 0) {
    throw failedPrecondition(
      `none of the ${report.images.listed} labeled images has a pseudo label above ${Number(threshold.toPrecision(6))}; lower the threshold or train the labeler longer`,
    );
  }
  const first = labelSet === '' ? (labelUris[0] ?? '') : labelSet;
  return {
    dataset,
    categories: writtenCategories(dataset),
    sources: [
      {
        role: 'pseudo-labels',
        uri: folderOfAddress(first),
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

/** Class indices mean something only next to the list of the one checkpoint that gave them. */
async function classesOfTeacher(
  files: readonly string[],
  { classesOf, signal }: OpenTrainingDataOptions,
): Promise<readonly DatasetCategory[]> {
  const teachers = new Set<string>();
  for await (const { checkpoint } of readLabels(files)) {
    signal?.throwIfAborted();
    teachers.add(checkpoint);
  }
  const [teacher = '', ...others] = teachers;
  if (teacher === '' || others.length > 0) {
    throw invalidArgument(
      `TrainingSpec.pseudo_labels.class_specific needs labels of one teacher, these are of ${teachers.size}`,
    );
  }
  const categories = await classesOf(teacher);
  return categories.map(({ id, name }, index) => ({ index, name, sourceIds: [id] }));
}

function writtenCategories({ categories }: TrainingSet): Category[] {
  const ids = writtenIds(categories);
  return categories.map(({ index, name }) => ({ id: ids[index] ?? index + 1, name }));
}

function plainDigest(digest: string): string {
  return digest.replace(/^sha256:/, '');
}
