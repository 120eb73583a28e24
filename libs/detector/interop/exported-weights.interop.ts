import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  exportWeights,
  float32Tensor,
  readSafetensors,
  toFloat32,
  writePth,
  writeSafetensors,
  type Framework,
  type Scope,
  type StateDict,
} from '@cassl/checkpoints';
import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DetectorConfig, parseDetectorConfig } from '../src/config.ts';
import { createModel, type Model } from '../src/model.ts';
import { createParameterStore, type ParameterStore } from '../src/parameters.ts';
import { randomStream, seedOf, standardNormal } from '../src/random.ts';
import { saveState } from '../src/state/save-state.ts';
import type { ForwardContext } from '../src/backbones/backbone.ts';
import { createPatchMerging } from '../src/backbones/swin-layers.ts';

const python = resolve(process.env.CASSL_PYTHON ?? '.tools/python/bin/python');
/** Odd in every way that matters: no multiples of 4, of a window's 28 px, or of 32; larger than one window at stride 32. */
const SIZES = [
  [261, 325],
  [229, 403],
] as const;
const inference: ForwardContext = { training: false, random: () => 0 };

/** Every tensor differs from its neutral start: statistics, gains, and attention sharp enough to be tested. */
function randomise(store: ParameterStore): void {
  for (const [name, variable] of store.variables) {
    const random = randomStream(seedOf(name));
    const around = (middle: number, spread: number): Float32Array =>
      Float32Array.from({ length: variable.size }, () => middle + spread * (2 * random() - 1));
    const values =
      name.endsWith('running_var') || /(bn\d|norm\d?|downsample\.1)\.weight$/.test(name)
        ? around(1, 0.4)
        : name.endsWith('relative_position_bias_table')
          ? around(0, 2)
          : name.endsWith('bias') || name.endsWith('running_mean')
            ? around(0, 0.2)
            : /attn\.qkv\.weight$/.test(name)
              ? Float32Array.from({ length: variable.size }, () => 0.1 * standardNormal(random))
              : undefined;
    if (values !== undefined) variable.assign(tf.tensor(values, variable.shape));
  }
}

function build(config: DetectorConfig): { store: ParameterStore; model: Model } {
  const store = createParameterStore(1);
  const model = createModel(store, config);
  randomise(store);
  return { store, model };
}

/** The pyramid that a Mask R-CNN starts from. */
const fromC2 = (): ReturnType<typeof build> =>
  build(parseDetectorConfig({ backbone: 'resnet50', masks: false, pyramidInputs: [2, 3, 4, 5] }));

describe.skipIf(!existsSync(python))(
  'exported weights give the features of torchvision and timm models (needs CASSL_PYTHON)',
  () => {
    let folder = '';
    const features: Map<string, Float32Array>[] = [];
    const images: tf.Tensor4D[] = [];
    let resnet: ReturnType<typeof build>;
    let swin: ReturnType<typeof build>;
    let merged: Float32Array;

    beforeAll(async () => {
      await openEngine();
      folder = await mkdtemp(join(tmpdir(), 'cassl-interop-'));
      resnet = build(parseDetectorConfig({ backbone: 'resnet50', classes: 80, masks: false }));
      swin = build(parseDetectorConfig({ backbone: 'swin-t' }));
      const resnetState = await saveState(resnet.store);
      const swinState = await saveState(swin.store);
      await save(resnetState, 'resnet-torchvision', 'torchvision', 'backbone');
      await save(resnetState, 'fcos-torchvision', 'torchvision', 'detector');
      await save(resnetState, 'mask-rcnn-from-fcos', 'torchvision', 'detector', 2);
      await save(resnetState, 'resnet-timm', 'timm', 'backbone');
      await save(await saveState(fromC2().store), 'mask-rcnn', 'torchvision', 'detector');
      await save(swinState, 'swin-torchvision', 'torchvision', 'backbone');
      await save(swinState, 'swin-timm', 'timm', 'backbone');
      await save(swinState, 'swin-mmdet', 'mmdet', 'backbone');
      const official = exportWeights(swinState, 'swin').tensors;
      await writeSafetensors(
        join(folder, 'swin-norms.safetensors'),
        new Map([...official].filter(([name]) => /^norm\d/.test(name))),
      );

      for (const [index, [height, width]] of SIZES.entries()) {
        const random = randomStream(index);
        const shape = [2, height, width, 3] as [number, number, number, number];
        const values = Float32Array.from({ length: 2 * height * width * 3 }, () => standardNormal(random));
        images.push(tf.tensor4d(values, shape));
        await writeSafetensors(
          join(folder, `images.${index}.safetensors`),
          new Map([['images', float32Tensor(shape, values)]]),
        );
      }
      merged = await mergeWith(swinState, join(folder, 'merging-input.safetensors'));
      const result = spawnSync(python, [join(import.meta.dirname, 'exported_weights.py'), folder], {
        encoding: 'utf8',
      });
      if (result.status !== 0) throw new Error(result.stdout + result.stderr);
      for (const index of SIZES.keys()) {
        const { tensors } = await readSafetensors(join(folder, `features.${index}.safetensors`));
        features.push(new Map([...tensors].map(([name, tensor]) => [name, toFloat32(tensor)])));
      }
    });
    afterAll(() => rm(folder, { recursive: true }));

    async function save(
      state: StateDict,
      name: string,
      framework: Framework,
      scope: Scope,
      firstLevel?: number,
    ): Promise<void> {
      const { tensors } = exportWeights(state, framework, scope, firstLevel);
      await writePth(join(folder, `${name}.pth`), tensors);
      await writeSafetensors(join(folder, `${name}.safetensors`), tensors);
    }

    function padded(x: tf.Tensor4D): tf.Tensor4D {
      const [, height, width] = x.shape;
      return tf.pad4d(x, [
        [0, 0],
        [0, Math.ceil(height / 32) * 32 - height],
        [0, Math.ceil(width / 32) * 32 - width],
        [0, 0],
      ]);
    }

    /** The largest difference, relative to the largest value. */
    function distance(ours: tf.Tensor4D, theirs: Float32Array): number {
      const values = ours.dataSync();
      expect(values).toHaveLength(theirs.length);
      let largest = 0;
      let difference = 0;
      for (let i = 0; i < theirs.length; i++) {
        largest = Math.max(largest, Math.abs(theirs[i]!));
        difference = Math.max(difference, Math.abs(values[i]! - theirs[i]!));
      }
      return difference / largest;
    }

    const cases = SIZES.map(([height, width], index) => [`${height}×${width}`, index] as const);

    it.each(cases)('ResNet-50 at %s equals torchvision’s and timm’s', (_, index) => {
      const maps = tf.tidy(() => resnet.model.backbone.forward(images[index]!, inference));
      for (const [stage, map] of maps.entries()) {
        expect(distance(map, features[index]!.get(`resnet-torchvision.${stage}`)!)).toBeLessThan(1e-4);
        expect(distance(map, features[index]!.get(`resnet-timm.${stage}`)!)).toBeLessThan(1e-4);
      }
    });

    it.each(cases)('the pyramid P3–P7 at %s, padded, equals that of torchvision’s FCOS', (_, index) => {
      const maps = tf.tidy(() => resnet.model.pyramid(padded(images[index]!), inference));
      expect(maps).toHaveLength(5);
      for (const [level, map] of maps.entries()) {
        expect(distance(map, features[index]!.get(`fcos.${level}`)!)).toBeLessThan(1e-4);
      }
    });

    it.each(cases)('Swin-T at %s equals torchvision’s', (_, index) => {
      const maps = tf.tidy(() => swin.model.backbone.forward(images[index]!, inference));
      for (const [stage, map] of maps.entries()) {
        expect(distance(map, features[index]!.get(`swin-torchvision.${stage}`)!)).toBeLessThan(1e-4);
      }
    });

    /** Per stage, from one image that `size` crops or pads. */
    function swinDistances(size: readonly [number, number], name: string): number[] {
      const [, height, width] = images[0]!.shape;
      const [rows, columns] = [Math.min(height, size[0]), Math.min(width, size[1])];
      const maps = tf.tidy(() => {
        const crop = tf.slice(images[0]!, [0, 0, 0, 0], [1, rows, columns, -1]);
        const padded = tf.pad4d(crop, [
          [0, 0],
          [0, size[0] - rows],
          [0, size[1] - columns],
          [0, 0],
        ]);
        return swin.model.backbone.forward(padded, inference);
      });
      return maps.map((map, stage) => distance(map, features[0]!.get(`${name}.${stage}`)!));
    }

    it('Swin-T equals timm’s at 448×448, where windows divide every map', () => {
      expect(Math.max(...swinDistances([448, 448], 'swin-timm'))).toBeLessThan(1e-4);
    });

    it('Swin-T is not timm’s where they do not: the detection form pads and then rolls, timm rolls and then pads', () => {
      const stages = swinDistances(SIZES[0], 'swin-timm-odd');
      for (const difference of stages) expect(difference).toBeGreaterThan(1e-2);
    });

    it('Swin-T shifts a map that is one window, as the detection form does; torchvision and timm leave it', () => {
      for (const name of ['swin-torchvision-224', 'swin-timm-224']) {
        const [first, second, third, oneWindow] = swinDistances([224, 224], name);
        expect(Math.max(first!, second!, third!)).toBeLessThan(1e-4);
        expect(oneWindow).toBeGreaterThan(1e-2);
      }
    });

    it('patch merging gives the same through mmdetection’s nn.Unfold and the permuted weights', () => {
      const theirs = features[0]!.get('merging')!;
      for (const [index, value] of theirs.entries())
        expect(Math.abs(value - merged[index]!)).toBeLessThan(1e-4);
    });
  },
);

/** Our first merging, on a random map that is written for Python too. */
async function mergeWith(state: StateDict, path: string): Promise<Float32Array> {
  const random = randomStream(9);
  const values = Float32Array.from({ length: 6 * 8 * 96 }, () => standardNormal(random));
  await writeSafetensors(path, new Map([['x', float32Tensor([1, 6, 8, 96], values)]]));
  const store = createParameterStore(0);
  const merge = createPatchMerging(store, 'downsample', { channels: 96, stride: 4, trainable: false });
  for (const [name, variable] of store.variables) {
    const tensor = state.get(`backbone.bottom_up.layers.0.${name}`)!;
    const value = tf.tensor(toFloat32(tensor), [...tensor.shape]);
    variable.assign(value.rank === 2 ? tf.transpose(value) : value);
  }
  return tf.tidy(() =>
    merge(tf.tensor4d(values, [1, 6, 8, 96]))
      .dataSync<'float32'>()
      .slice(),
  );
}
