import { createDetector, detectorPreset, type Detector } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { decodeMask, type Detection, type RgbImage } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchModel } from '../batch-model.ts';
import { detectorModel } from '../detector-model.ts';
import { chooseRuntime } from './choose-runtime.ts';
import { onnxModel } from './onnx-model.ts';

const ALL = { threshold: 0, maxDetections: 100, masks: true, nonOverlap: false };

let detector: Detector;
let torch: BatchModel;
let onnx: BatchModel;

beforeAll(async () => {
  await openEngine();
  detector = createDetector(
    detectorPreset('tiny', { priorProbability: 0.4, scoreThreshold: 0.2, classes: 2 }),
    { seed: 4 },
  );
  torch = detectorModel(detector, 'torch');
  onnx = await onnxModel(await detector.stateDict(), detector.config);
});
afterAll(() => {
  onnx.dispose();
  torch.dispose();
});

function picture(width: number, height: number): RgbImage {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, at) => 120 + 100 * Math.sin(at / 37) * Math.cos(at / 911),
  );
  return { width, height, data };
}

const rounded = (list: readonly Detection[]) =>
  list
    .map(({ box, score, category }) =>
      [...box.map((side) => side.toFixed(1)), score.toFixed(3), category].join(' '),
    )
    .sort();

describe('onnxModel', () => {
  it('finds what our engine finds: images enlarged, shrunk before, of their own size, masks and all', async () => {
    // As the pipeline hands them over: one resized while it was decoded, one smaller than the network's input.
    const images = [
      { pixels: picture(170, 128), original: { width: 340, height: 256 } },
      { pixels: picture(85, 64), original: { width: 85, height: 64 } },
    ];
    const [ours, theirs] = await Promise.all([torch, onnx].map((model) => model.detect(images, [ALL, ALL])));
    images.forEach((_, index) => {
      const [a, b] = [ours!.detections[index]!, theirs!.detections[index]!];
      expect(a.length).toBeGreaterThan(3);
      expect(b.length).toBe(a.length);
      a.forEach((detection) => {
        const partner = b.find(
          ({ box, score }) =>
            Math.abs(score - detection.score) < 1e-3 &&
            box.every((side, at) => Math.abs(side - detection.box[at]!) < 0.1),
        );
        const [first, second] = [decodeMask(detection.mask!).data, decodeMask(partner!.mask!).data];
        expect(first.filter((value, at) => value !== second[at]).length / first.length).toBeLessThan(2e-3);
      });
    });
  });

  it('gives each caller of a batch its own: fewer, no masks, a threshold', async () => {
    const image = { pixels: picture(170, 128), original: { width: 170, height: 128 } };
    const whole = (await onnx.detect([image], [ALL])).detections[0]!;
    const threshold = whole[2]!.score;
    const { detections } = await onnx.detect(
      [image, image, image],
      [
        { ...ALL, maxDetections: 2 },
        { ...ALL, masks: false },
        { ...ALL, threshold },
      ],
    );
    expect(detections.map((list) => list.length)).toEqual([2, whole.length, 2]);
    expect(detections[1]!.every(({ mask }) => mask === undefined)).toBe(true);
    expect(rounded(detections[1]!)).toEqual(rounded(whole));
  });
});

describe('chooseRuntime', () => {
  const slowed = (model: BatchModel, ms: number): BatchModel => ({
    ...model,
    detect: async (images, options) => {
      const result = await model.detect(images, options);
      return { ...result, computeMs: result.computeMs + ms };
    },
  });

  it('takes the faster one where both find the same, and says what it measured', async () => {
    expect(await chooseRuntime(slowed(torch, 10_000), onnx)).toMatchObject({ runtime: 'onnx' });
    const { runtime, reason } = await chooseRuntime(torch, slowed(onnx, 10_000));
    expect(runtime).toBe('torch');
    expect(reason).toMatch(/^onnxruntime takes 10\d\d\d\.\d ms against torch's \d+\.\d$/);
  });

  it('stays with our engine where they disagree, and where nothing shows that they agree', async () => {
    const shifted: BatchModel = {
      ...onnx,
      detect: async (images, options) => {
        const result = await onnx.detect(images, options);
        const detections = result.detections.map((list) =>
          list.map((found) => ({ ...found, score: found.score + 0.01 })),
        );
        return { ...result, detections };
      },
    };
    expect(await chooseRuntime(slowed(torch, 10_000), shifted)).toMatchObject({
      runtime: 'torch',
      reason: expect.stringContaining('disagrees on probe 0') as string,
    });
    const blind = (model: BatchModel): BatchModel => ({
      ...model,
      detect: async (images, options) => ({
        ...(await model.detect(images, options)),
        detections: images.map(() => []),
      }),
    });
    const { runtime, reason } = await chooseRuntime(blind(slowed(torch, 10_000)), blind(onnx));
    expect([runtime, reason.includes('finds nothing')]).toEqual(['torch', true]);
  });
});
