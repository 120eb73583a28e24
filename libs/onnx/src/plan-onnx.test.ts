import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lazyState } from '@cassl/checkpoints';
import type { DetectorConfigInput } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { agreement } from './testing/compare.ts';
import { randomDetector } from './testing/random-detector.ts';
import { foundIn, runOnnx } from './testing/run-onnx.ts';
import { waves } from './testing/waves.ts';
import type { Port } from './graph/value-info.ts';
import { planOnnx, type OnnxOptions } from './plan-onnx.ts';
import { writeOnnx } from './write-onnx.ts';

let folder: string;

beforeAll(async () => {
  await openEngine();
  folder = await mkdtemp(join(tmpdir(), 'cassl-onnx-'));
});
// Real backbones on a shared machine.
vi.setConfig({ testTimeout: 60_000 });

afterAll(() => rm(folder, { recursive: true, force: true }));

const NARROW: DetectorConfigInput = {
  pyramidChannels: 32,
  towerConvolutions: 2,
  towerGroups: 8,
  maskChannels: 16,
  maskConvolutions: 2,
  resizeShortSide: 96,
  resizeLongSide: 160,
};
const SMALL: DetectorConfigInput = {
  ...NARROW,
  backbone: 'resnet-small',
  backboneWidths: [16, 16, 32, 32],
  backboneBlocks: [1, 1, 1, 1],
};
const SMALL_SWIN: DetectorConfigInput = {
  ...NARROW,
  backbone: 'swin-small',
  backboneWidths: [12, 24, 48, 96],
  backboneBlocks: [2, 2, 2, 1],
  window: 5,
};

const CASES: [string, DetectorConfigInput][] = [
  ['FCOS on ResNet-18, 80 classes', { ...NARROW, backbone: 'resnet18', masks: false, classes: 80 }],
  [
    'MSRA’s ResNet-50, which reads BGR',
    { ...NARROW, backbone: 'resnet50', masks: false, resnetStride: 'msra', channelOrder: 'bgr' },
  ],
  ['CondInst on ResNet-18', { ...NARROW, backbone: 'resnet18', classes: 3 }],
  [
    'group norms, three levels',
    {
      ...SMALL,
      backboneNorm: 'group',
      backboneGroups: 4,
      maskNorm: 'group',
      maskGroups: 4,
      levels: [3, 4, 5],
      rangeLimits: [32, 64],
    },
  ],
  ['CondInst on a Swin whose windows do not divide its maps', SMALL_SWIN],
  [
    'the entity code’s extras',
    {
      ...SMALL_SWIN,
      pyramidInputs: [2, 3, 4, 5],
      predictorBias: false,
      kernelHead: 'coordinates',
      kernelBank: true,
    },
  ],
];

describe.each(CASES)('planOnnx: %s', (_, input) => {
  it('gives our engine’s detections in onnxruntime, at batches and sizes of the caller', async () => {
    const { detector, state } = await randomDetector(input);
    const path = join(folder, 'model.onnx');
    await writeOnnx(path, state, { config: detector.config });
    const session = await ort.InferenceSession.create(path);
    for (const images of [[waves(124, 96), waves(128, 96, 5)], [waves(96, 140)]]) {
      const ours = await detector.detect(images);
      const outputs = await runOnnx(session, detector, images);
      images.forEach((image, index) => {
        const list = ours[index]!;
        expect(list.length).toBeGreaterThan(0);
        const found = agreement(list, foundIn(outputs, index, image, detector.config), 0.1);
        expect(found.lonely).toBe(0);
        expect(found.score).toBeLessThan(1e-3);
        // A probability at the threshold may fall to either side.
        expect(found.mask).toBeLessThan(2e-3);
      });
    }
    await session.release();
    detector.dispose();
  });
});

describe('planOnnx', () => {
  it('leaves out masks where asked, and gives what the heads say where asked', async () => {
    const { detector, state } = await randomDetector({ ...SMALL });
    const { config } = detector;
    const names = (outputs: readonly Port[]): string[] => outputs.map(({ name }) => name);
    const plan = (options: Partial<OnnxOptions>) => planOnnx(lazyState(state), { config, ...options });
    expect(names(plan({ masks: false }).outputs)).toEqual(['boxes', 'scores', 'labels', 'counts']);
    expect(names(plan({ outputs: 'raw' }).outputs)).toEqual([
      ...['class_logits', 'distances', 'quality_logits', 'centers', 'mask_kernels', 'mask_features'],
    ]);
    const path = join(folder, 'raw.onnx');
    await writeOnnx(path, state, { config, outputs: 'raw' });
    const session = await ort.InferenceSession.create(path);
    const raw = await runOnnx(session, detector, [waves(128, 96)]);
    const cells = [8, 16, 32, 64, 128].reduce(
      (sum, stride) => sum + Math.ceil(128 / stride) * Math.ceil(96 / stride),
      0,
    );
    expect(Object.values(raw).map(({ dims }) => dims.join('x'))).toEqual([
      ...[`1x${cells}x1`, `1x${cells}x4`, `1x${cells}x1`, `${cells}x2`, `1x${cells}x169`, '1x8x12x16'],
    ]);
    detector.dispose();
  });

  it('says what does not fit, and by which field', async () => {
    const { detector, state } = await randomDetector({ ...SMALL, masks: false });
    const { config } = detector;
    const lazy = lazyState(state);
    expect(() => planOnnx(lazy, { config, masks: true })).toThrow('masks: the detector has none');
    expect(() => planOnnx(lazy, { config, opset: 9 })).toThrow('opset must be one of 20, ');
    expect(() => planOnnx(lazy, { config: { ...config, masks: true } })).toThrow(
      /has no tensor controller\.weight/,
    );
    expect(() => planOnnx(new Map(), { config })).toThrow('has no backbone');
    detector.dispose();
  });

  it('writes the same bytes every time, and takes half-precision weights', async () => {
    const { detector, state } = await randomDetector({ ...SMALL, masks: false });
    const { config } = detector;
    const paths = ['a.onnx', 'b.onnx'].map((name) => join(folder, name));
    const digests = await Promise.all(
      paths.map(async (path) => (await writeOnnx(path, state, { config })).digest),
    );
    expect(digests[0]).toBe(digests[1]);
    const half = new Map(state);
    half.set('backbone.bottom_up.bn1.bias', { dtype: 'F16', shape: [8], data: new Uint8Array(16) });
    const path = join(folder, 'half.onnx');
    await writeOnnx(path, half, { config });
    await (await ort.InferenceSession.create(path)).release();
    detector.dispose();
  });
});
