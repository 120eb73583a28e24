import { detectionKernels, openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { parseDetectorConfig, type DetectorConfigInput } from '../config.ts';
import { levelSizes, pyramidLevels } from '../pyramid.ts';
import { randomStream } from '../random.ts';
import { cellGrid } from '../targets/patch-indices.ts';
import { createMaskPaster, tapsOf } from './paste-mask.ts';
import { placeImages, placeInPlain } from './place-images.ts';
import { selectDetections } from './select-detections.ts';
import { selectNatively } from './select-natively.ts';

await openEngine();
const native = detectionKernels();

describe.skipIf(native === undefined)('the native engine, against the definitions', () => {
  it.each<[string, DetectorConfigInput]>([
    ['one class', { classes: 1 }],
    ['classes', { classes: 7, candidatesPerLevel: 40 }],
    ['threshold on the product', { classes: 3, thresholdOn: 'product' }],
    ['strict suppression', { classes: 2, nmsThreshold: 0.1, maxDetections: 5 }],
  ])('selects the same: %s', (_, changes) => {
    const config = parseDetectorConfig({ ...changes, resizeShortSide: 96, resizeLongSide: 128 });
    const random = randomStream(7);
    const grid = cellGrid(3, levelSizes(config, { height: 96, width: 128 }));
    const levels = pyramidLevels(config);
    for (let round = 0; round < 10; round++) {
      // Few distinct probabilities, so that scores tie.
      const steps = round % 2 === 0 ? 8 : 1e6;
      const coarse = (): number => Math.floor(random() * steps) / steps;
      const classes = Float32Array.from({ length: grid.count * config.classes }, coarse);
      const boxes = Float32Array.from({ length: grid.count * 5 }, (_, index) =>
        index % 5 === 4 ? coarse() : random() * 4,
      );
      const limits = [{}, { maxDetections: 3, scoreThreshold: 0.5 }, { nmsThreshold: 0.9 }];
      const expected = limits.map((limit, image) =>
        selectDetections(config, levels, grid, { classes, boxes }, image, limit),
      );
      expect(selectNatively(native!, config, levels, grid, { classes, boxes }, limits)).toEqual(expected);
    }
  });

  it('pastes the same masks, run for run', () => {
    const random = randomStream(3);
    const side = (most: number): number => 1 + Math.floor(random() * most);
    for (let round = 0; round < 60; round++) {
      const [height, width, factor] = [side(24), side(24), 2 ** side(3)];
      const paste = {
        map: { height, width },
        factor,
        resized: { height: side(height * factor), width: side(width * factor) },
        original: { height: side(90), width: side(90) },
        threshold: 0.2 + 0.6 * random(),
      };
      // Smooth hills with edges, and noise.
      const [a, b, noise] = [random() * 6, random() * 6, round % 3 === 0 ? 1 : 0.1];
      const values = Float32Array.from({ length: 2 * height * width }, (_, index) => {
        const [x, y] = [index % width, Math.floor(index / width)];
        return Math.min(
          1,
          Math.max(0, 0.5 + 0.5 * Math.sin(x / 3 + a) * Math.cos(y / 4 + b) + noise * (random() - 0.5)),
        );
      });
      const maps = tf.tensor3d(values, [2, height, width]);
      const options = { ...tapsOf(paste), first: 0, count: 2, threshold: paste.threshold };
      const pasteOne = createMaskPaster(paste);
      const found = native!.pasteMasks(maps, options);
      maps.dispose();
      for (const mask of [0, 1]) {
        const expected = pasteOne(values.subarray(mask * height * width, (mask + 1) * height * width)).counts;
        expect([...found[mask]!]).toEqual([...expected]);
      }
    }
  });

  it('places the same pictures, enlarged or as they are', async () => {
    const random = randomStream(5);
    const picture = (width: number, height: number) => ({
      width,
      height,
      data: Uint8Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256)),
    });
    for (const channelOrder of ['rgb', 'bgr'] as const) {
      const config = parseDetectorConfig({ channelOrder });
      const images = [
        { pixels: picture(17, 9), resized: { width: 40, height: 21 } },
        { pixels: picture(30, 28), resized: { width: 30, height: 28 } },
        { pixels: picture(1, 1), resized: { width: 48, height: 32 } },
      ];
      const [ours, plain] = [placeImages, placeInPlain].map((place) =>
        place(config, images, { height: 32, width: 48 }),
      );
      expect(ours!.shape).toEqual([3, 32, 48, 3]);
      expect(await ours!.data()).toEqual(await plain!.data());
      tf.dispose([ours!, plain!]);
    }
  });

  it('names what does not fit', () => {
    const settings = Float64Array.of(1, 1, 1, 10, 0, 2, 2, 8, 0, 0.05, 0.6, 10);
    expect(() => native!.selectDetections(new Float32Array(3), new Float32Array(20), settings)).toThrow(
      'classes must have 16 bytes, got 12',
    );
    expect(() =>
      native!.selectDetections(new Float32Array(4), new Float32Array(20), settings.subarray(0, 7)),
    ).toThrow('settings ends too early');
  });
});
