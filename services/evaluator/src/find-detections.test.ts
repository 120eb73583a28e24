import { join } from 'node:path';
import { EvaluationSpec } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { encodeMask, type Detection } from '@cassl/vision';
import { openLabeledDataset } from '@cassl/workers';
import { describe, expect, it } from 'vitest';
import type { EvaluateOptions } from './evaluate-options.ts';
import {
  labelsOf,
  registryOf,
  useFolder,
  writeDataset,
  writeLabels,
  writeModel,
} from './evaluation.fixture.ts';
import { detectDataset, readLabelFiles, type DetectedImage, type Findings } from './find-detections.ts';

const folder = useFolder();
const box: Detection = { box: [8, 8, 24, 24], score: 0.9, category: 0 };
const masked: Detection = {
  ...box,
  mask: encodeMask({ width: 64, height: 48, data: new Uint8Array(64 * 48).fill(1) }),
};

async function collect({ images }: Findings): Promise<DetectedImage[]> {
  const found: DetectedImage[] = [];
  for await (const image of images()) found.push(image);
  return found;
}
const counts = async (findings: Findings): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await collect(findings)).map(({ image, detections }) => [image.key, detections.length]),
  );

describe('detections of label files', () => {
  it('are those of every image once, none for an image that no file names', async () => {
    const dataset = await openLabeledDataset(await writeDataset(join(folder.path, 'named')));
    const uris = [
      await writeLabels(folder.path, 'one.jsonl.gz', [labelsOf('1.jpg', [box])]),
      await writeLabels(folder.path, 'two.jsonl.gz', [
        labelsOf('3.jpg', [box, box]),
        labelsOf('strange.jpg', [box]),
      ]),
    ];
    const findings = await readLabelFiles(uris, dataset);
    expect(await counts(findings)).toEqual({ '1.jpg': 1, '2.jpg': 0, '3.jpg': 2 });
    expect(await counts(findings)).toEqual({ '1.jpg': 1, '2.jpg': 0, '3.jpg': 2 });
    expect(findings.checkpointDigest).toBe('');
  });

  it.each([
    ['all', [labelsOf('1.jpg', [masked]), labelsOf('2.jpg', [masked])], true],
    ['some', [labelsOf('1.jpg', [masked]), labelsOf('2.jpg', [box])], false],
    ['none', [labelsOf('1.jpg', [box])], false],
    ['no', [labelsOf('1.jpg', [])], false],
  ])('have masks where %s labels have', async (name, records, hasMasks) => {
    const dataset = await openLabeledDataset(await writeDataset(join(folder.path, 'masks')));
    const uri = await writeLabels(folder.path, `masks-${name}.jsonl.gz`, records);
    expect((await readLabelFiles([uri], dataset)).hasMasks).toBe(hasMasks);
  });

  it('are refused where they are of other images', async () => {
    const dataset = await openLabeledDataset(await writeDataset(join(folder.path, 'others')));
    const uri = await writeLabels(folder.path, 'others.jsonl.gz', [labelsOf('train/1.jpg', [box])]);
    await expect(readLabelFiles([uri], dataset)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: "none of the 1 labeled images is in the data set; are the images' keys its file names?",
    });
  });

  it('say which file is not there', async () => {
    const dataset = await openLabeledDataset(await writeDataset(join(folder.path, 'absent')));
    await expect(readLabelFiles([folder.uri('nothing.jsonl.gz')], dataset)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('nothing.jsonl.gz'),
    });
  });
});

describe('detections of a checkpoint', () => {
  const cacheDir = (): string => join(folder.path, 'checkpoints');
  async function options(names: readonly string[]): Promise<EvaluateOptions> {
    const categories = names.map((name, index) => ({ id: index + 10, name }));
    return {
      spec: EvaluationSpec.fromPartial({ checkpoint: 'best' }),
      registry: registryOf(await writeModel(cacheDir(), categories)),
      cacheDir: cacheDir(),
      logger: createLogger({ name: 'test', level: 'silent' }),
      onProgress: () => undefined,
    };
  }

  it('are of every image in order, over more than one batch, and name what could not be read', async () => {
    const broken = [1, 5, 9];
    const dataset = await openLabeledDataset(
      await writeDataset(join(folder.path, 'broken'), { count: 10, broken }),
    );
    const findings = await detectDataset(await options(['cat', 'dog']), dataset);
    const found = await collect(findings);
    expect(found.map(({ image }) => image.key)).toEqual(dataset.images.map(({ key }) => key));
    for (const { image, detections, unreadable } of found) {
      const isBroken = broken.includes(Number(image.id));
      expect(unreadable !== undefined).toBe(isBroken);
      if (isBroken) expect(detections).toEqual([]);
      for (const {
        box: [x1, y1, x2, y2],
      } of detections) {
        expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0);
        expect([x2 <= 64, y2 <= 48]).toEqual([true, true]);
      }
    }
    expect(findings).toMatchObject({
      categories: [
        { id: 10, name: 'cat' },
        { id: 11, name: 'dog' },
      ],
      hasMasks: true,
    });
  });

  it('are none, without a fault, of a batch in which nothing can be read', async () => {
    const dataset = await openLabeledDataset(
      await writeDataset(join(folder.path, 'all-broken'), { count: 2, broken: [1, 2] }),
    );
    const found = await collect(await detectDataset(await options(['object']), dataset));
    expect(found.every(({ unreadable }) => unreadable !== undefined)).toBe(true);
  });

  it('are refused of a checkpoint that is no detector’s', async () => {
    const dataset = await openLabeledDataset(await writeDataset(join(folder.path, 'no-detector')));
    const given = await options(['object']);
    const { checkpoint } = await given.registry.getCheckpoint({ reference: 'best' });
    const registry = registryOf({ ...checkpoint!, manifest: { ...checkpoint!.manifest!, model: undefined } });
    await expect(detectDataset({ ...given, registry }, dataset)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('has no detector configuration in its manifest'),
    });
  });
});
