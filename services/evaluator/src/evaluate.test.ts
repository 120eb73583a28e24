import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvaluationSpec, MetricKind } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { encodeMask, type Detection } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import type { Measured } from './evaluation-messages.ts';
import {
  labelsOf,
  registryOf,
  useFolder,
  writeDataset,
  writeLabels,
  writeModel,
} from './evaluation.fixture.ts';

const folder = useFolder();
const exact: Detection = { box: [8, 8, 24, 24], score: 0.9, category: 0 };

/** Labels against the data set of `count` pictures with a cat each. */
async function measure(
  name: string,
  labels: Readonly<Record<string, readonly Detection[]>>,
  changes: Partial<EvaluationSpec> = {},
): Promise<{ measured: Measured; progress: string[] }> {
  const dataset = await writeDataset(join(folder.path, name));
  const records = Object.entries(labels).map(([key, detections]) => labelsOf(key, detections));
  const spec = EvaluationSpec.fromPartial({
    dataset,
    labelUris: [await writeLabels(folder.path, `${name}.jsonl.gz`, records)],
    ...changes,
  });
  const progress: string[] = [];
  const measured = await evaluate({
    spec,
    registry: {} as never,
    cacheDir: join(folder.path, 'checkpoints'),
    logger: createLogger({ name: 'test', level: 'silent' }),
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  });
  return { measured, progress };
}

describe('an evaluation of label files', () => {
  it('gives class-agnostic numbers of labels without names, also where the data set has one category', async () => {
    const all = { '1.jpg': [exact], '2.jpg': [exact], '3.jpg': [exact] };
    const { measured, progress } = await measure('default', all);
    expect(measured.metrics['bbox-agnostic/AP']).toBeCloseTo(1);
    expect(Object.keys(measured.metrics).filter((key) => key.startsWith('bbox/'))).toEqual([]);
    expect(measured).toMatchObject({ imageCount: 3, checkpointDigest: '', detectionsUri: '', notes: [] });
    expect(progress).toEqual(['1/3', '2/3', '3/3']);
  });

  it('counts the objects of images without labels as missed', async () => {
    const { measured } = await measure('missed', { '1.jpg': [exact] });
    expect(measured.metrics['bbox-agnostic/AR100']).toBeCloseTo(1 / 3);
  });

  it('sweeps the asked thresholds, strictly', async () => {
    const labels = { '1.jpg': [{ ...exact, score: 0.5 }], '2.jpg': [{ ...exact, score: 0.75 }] };
    const { measured } = await measure('sweep', labels, {
      metrics: [MetricKind.METRIC_KIND_PSEUDO_LABELS],
      thresholds: [0.25, 0.5],
    });
    expect(measured.sweep).toMatchObject([
      { threshold: 0.25, precision: 1, recall: 2 / 3 },
      { threshold: 0.5, precision: 1, recall: 1 / 3 },
    ]);
    expect(measured.bestThreshold).toBe(0.25);
    expect(measured.metrics).toEqual({});
  });

  it('measures the slice that is asked for, under its own digest', async () => {
    const whole = await measure('whole', { '1.jpg': [exact] });
    const dataset = await writeDataset(join(folder.path, 'whole'));
    const half = await measure('whole', { '1.jpg': [exact] }, { dataset: { ...dataset, limit: 1 } });
    expect(half.measured.imageCount).toBe(1);
    expect(half.measured.metrics['bbox-agnostic/AP']).toBeCloseTo(1);
    expect(half.measured.datasetDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(half.measured.datasetDigest).not.toBe(whole.measured.datasetDigest);
  });

  it('writes COCO results of what it measured', async () => {
    const data = new Uint8Array(64 * 48);
    for (let y = 8; y < 24; y += 1) data.fill(1, y * 64 + 8, y * 64 + 24);
    const mask = encodeMask({ width: 64, height: 48, data });
    const labels = { '2.jpg': [{ ...exact, mask }], '3.jpg': [{ ...exact, score: 0.123456, mask }] };
    const { measured } = await measure('written', labels, { outputUri: folder.uri('out/') });
    expect(measured.detectionsUri).toBe(folder.uri('out/detections.json'));
    expect(measured.metrics['segm-agnostic/AP50']).toBeGreaterThan(0.5);
    const written: unknown = JSON.parse(await readFile(join(folder.path, 'out/detections.json'), 'utf8'));
    expect(written).toEqual([
      expect.objectContaining({ image_id: 2, category_id: 1, bbox: [8, 8, 16, 16], score: 0.9 }),
      expect.objectContaining({ image_id: 3, score: 0.12346 }),
    ]);
    expect((written as { segmentation: object }[])[0]!.segmentation).toMatchObject({ size: [48, 64] });
  });

  it('writes an empty list of results where nothing was found', async () => {
    await measure('nothing', { '1.jpg': [] }, { outputUri: folder.uri('nothing-out') });
    expect(JSON.parse(await readFile(join(folder.path, 'nothing-out/detections.json'), 'utf8'))).toEqual([]);
  });

  it('is refused without a data set', async () => {
    await expect(measure('none', {}, { dataset: undefined })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'EvaluationSpec.dataset is missing',
    });
  });
});

describe('an evaluation of a checkpoint', () => {
  it('says which pictures its numbers are not over', async () => {
    const cacheDir = join(folder.path, 'checkpoints');
    const checkpoint = await writeModel(cacheDir, [{ id: 1, name: 'cat' }]);
    const dataset = await writeDataset(join(folder.path, 'unreadable'), { count: 3, broken: [2] });
    const measured = await evaluate({
      spec: EvaluationSpec.fromPartial({ checkpoint: 'best', dataset }),
      registry: registryOf(checkpoint),
      cacheDir,
      logger: createLogger({ name: 'test', level: 'silent' }),
      onProgress: () => undefined,
    });
    expect(measured).toMatchObject({ imageCount: 3, checkpointDigest: checkpoint.digest });
    expect(measured.notes).toContain('1 of 3 images could not be read: their objects count as missed');
    expect(measured.notes.join('\n')).toContain('2.jpg');
    expect(Object.keys(measured.metrics)).toContain('bbox/AP');
    expect(Object.keys(measured.metrics)).toContain('segm-agnostic/AP');
  });
});
