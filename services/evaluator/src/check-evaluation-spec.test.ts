import { readdir } from 'node:fs/promises';
import { EvaluationSpec, MetricKind } from '@cassl/proto';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkEvaluationSpec } from './check-evaluation-spec.ts';
import { useFolder, writeDataset } from './evaluation.fixture.ts';

const BBOX = MetricKind.METRIC_KIND_BBOX;
const folder = useFolder();
let good: EvaluationSpec;
beforeAll(async () => {
  good = EvaluationSpec.fromPartial({ checkpoint: 'best', dataset: await writeDataset(folder.path) });
});

type Changes = (good: EvaluationSpec) => Partial<EvaluationSpec>;
const slice = (fromFraction: number, toFraction: number): Changes => {
  return ({ dataset }) => ({ dataset: { ...dataset!, fromFraction, toFraction } });
};

describe('a specification of an evaluation', () => {
  it.each<[string, Changes]>([
    ['of a checkpoint', () => ({})],
    ['of label files', () => ({ checkpoint: '', labelUris: [folder.uri('labels.jsonl.gz')] })],
    ['of a slice', slice(0.25, 1)],
    ['of boxes and labels', () => ({ metrics: [BBOX, MetricKind.METRIC_KIND_PSEUDO_LABELS] })],
    [
      'of the scores of labels, without a data set',
      () => ({
        dataset: undefined,
        detached: true,
        labelUris: [folder.uri('labels.jsonl.gz')],
        metrics: [MetricKind.METRIC_KIND_LABEL_SCORES],
      }),
    ],
    ['with thresholds from 0', () => ({ thresholds: [0, 0.5, 0.99] })],
    ['that is written to a folder which is not there yet', () => ({ outputUri: folder.uri('out/deep') })],
  ])('is accepted as it is: one %s', async (_, changes) => {
    const spec = { ...good, ...changes(good) };
    expect(await checkEvaluationSpec(spec)).toBe(spec);
  });

  it.each<[string, string, Changes]>([
    ['EvaluationSpec.checkpoint is missing', 'INVALID_ARGUMENT', () => ({ checkpoint: '' })],
    ['EvaluationSpec.dataset is missing', 'INVALID_ARGUMENT', () => ({ dataset: undefined })],
    ['EvaluationSpec.dataset.from_fraction must be in [0, 1), got -0.1', 'INVALID_ARGUMENT', slice(-0.1, 1)],
    ['EvaluationSpec.dataset.from_fraction must be in [0, 1), got NaN', 'INVALID_ARGUMENT', slice(NaN, 1)],
    ['EvaluationSpec.dataset.to_fraction must be in (from_fraction, 1]', 'INVALID_ARGUMENT', slice(0.5, 0.5)],
    ['EvaluationSpec.dataset.to_fraction must be in (from_fraction, 1]', 'INVALID_ARGUMENT', slice(0, 1.5)],
    [
      'METRIC_KIND_LABEL_SCORES stands alone, with label_uris and detached',
      'INVALID_ARGUMENT',
      () => ({ metrics: [MetricKind.METRIC_KIND_LABEL_SCORES], detached: true }),
    ],
    [
      'METRIC_KIND_PANOPTIC needs a dataset of kind ANNOTATION_KIND_PANOPTIC',
      'INVALID_ARGUMENT',
      () => ({ metrics: [MetricKind.METRIC_KIND_PANOPTIC] }),
    ],
    [
      'EvaluationSpec.dataset.annotations_uri',
      'NOT_FOUND',
      ({ dataset }) => ({ dataset: { ...dataset!, annotationsUri: folder.uri('nothing.json') } }),
    ],
    [
      'EvaluationSpec.dataset.images_uri',
      'INVALID_ARGUMENT',
      ({ dataset }) => ({ dataset: { ...dataset!, imagesUri: 'images' } }),
    ],
    [
      'EvaluationSpec.dataset.segments_uri',
      'INVALID_ARGUMENT',
      ({ dataset }) => ({ dataset: { ...dataset!, segmentsUri: 'ftp://x/y' } }),
    ],
    ['EvaluationSpec.label_uris', 'INVALID_ARGUMENT', () => ({ labelUris: ['labels.jsonl.gz'] })],
    [
      'EvaluationSpec.thresholds must be in [0, 1), got 1',
      'INVALID_ARGUMENT',
      () => ({ thresholds: [0.5, 1] }),
    ],
    [
      'EvaluationSpec.thresholds must be in [0, 1), got NaN',
      'INVALID_ARGUMENT',
      () => ({ thresholds: [NaN] }),
    ],
    ['EvaluationSpec.output_uri', 'INVALID_ARGUMENT', () => ({ outputUri: 'out' })],
  ])('is refused by the field: %s', async (message, code, changes) => {
    await expect(checkEvaluationSpec({ ...good, ...changes(good) })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it.each([MetricKind.METRIC_KIND_UNSPECIFIED, MetricKind.UNRECOGNIZED])(
    'is refused where it asks for %s, with the kinds there are',
    async (kind) => {
      await expect(checkEvaluationSpec({ ...good, metrics: [kind] })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(
          /METRIC_KIND_BBOX, .*METRIC_KIND_PSEUDO_LABELS, METRIC_KIND_PANOPTIC, METRIC_KIND_LABEL_SCORES, got/,
        ),
      });
    },
  );

  it('is refused where it is missing', async () => {
    await expect(checkEvaluationSpec(undefined)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'StartEvaluationRequest.spec is missing',
    });
  });

  it('leaves nothing where it was found out that it can be written', async () => {
    await checkEvaluationSpec({ ...good, outputUri: folder.uri('tried') });
    const left = await readdir(`${folder.path}/tried`);
    // The store's own folder for what is on its way.
    expect(left.filter((name) => name !== '.incoming')).toEqual([]);
  });
});
