import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DetectorConfigInput, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreement } from './testing/compare.ts';
import { networkInput } from './testing/network-input.ts';
import { randomDetector } from './testing/random-detector.ts';
import { waves } from './testing/waves.ts';
import { writeOnnx } from './write-onnx.ts';

const python = process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python';

let folder: string;

beforeAll(async () => {
  await openEngine();
  folder = await mkdtemp(join(tmpdir(), 'cassl-onnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  readonly onnxruntime: string;
  readonly inputs: unknown;
  readonly categories: string;
  readonly boxes: [number, number, number, number][][];
  readonly scores: number[][];
  readonly labels: number[][];
  readonly counts: number[];
  readonly masks: false | number[];
}

const SIZE: DetectorConfigInput = { resizeShortSide: 192, resizeLongSide: 256 };

describe.each<[string, DetectorConfigInput]>([
  ['resnet18', { ...SIZE, masks: false }],
  ['fcos-r50', { ...SIZE, classes: 3 }],
  ['fcos-swin-t', SIZE],
  ['condinst-r50', SIZE],
])('%s in Python', (preset, changes) => {
  it('passes onnx’s checker, and Python’s onnxruntime finds what our engine finds', async () => {
    const config = detectorPreset(preset, changes);
    const { detector, state } = await randomDetector(config);
    const path = join(folder, `${preset}.onnx`);
    await writeOnnx(path, state, { config, categories: ['thing'] });
    const images = [waves(240, 192), waves(256, 192, 5)];
    const { values, shape } = networkInput(config, images);
    await writeFile(join(folder, 'images'), new Uint8Array(values.buffer));
    const [batch, , height, width] = shape.map(String) as [string, string, string, string];
    const answer = JSON.parse(
      execFileSync(
        python,
        [join(import.meta.dirname, 'onnx.interop.py'), path, join(folder, 'images'), batch, height, width],
        { encoding: 'utf8', maxBuffer: 2 ** 26 },
      ),
    ) as Answer;
    expect(answer.inputs).toEqual([['images', 'tensor(float)', ['batch', 3, 'height', 'width']]]);
    expect(answer.categories).toBe('["thing"]');
    expect(answer.masks).toEqual(config.masks ? [2, 100, Number(height) / 4, Number(width) / 4] : false);
    const ours = await detector.detect(images, { masks: false });
    images.forEach((image, index) => {
      const theirs = answer.boxes[index]!.slice(0, answer.counts[index]).map((box, place) => ({
        box: box.map((value, side) =>
          Math.min(value, side % 2 === 0 ? image.width : image.height),
        ) as typeof box,
        score: answer.scores[index]![place]!,
        category: answer.labels[index]![place]!,
      }));
      const found = agreement(
        ours[index]!,
        theirs.filter(({ box }) => box[2] > box[0] && box[3] > box[1]),
        0.1,
      );
      expect(ours[index]!.length).toBeGreaterThan(0);
      expect(found.lonely).toBe(0);
      expect(found.score).toBeLessThan(1e-3);
    });
    detector.dispose();
  });
});
