import * as tf from '@tensorflow/tfjs-core';
import { openEngine } from '@cassl/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from '../config.ts';
import { createParameterList, createParameterStore, type ParameterStore } from '../parameters.ts';
import { randomStream } from '../random.ts';
import type { ForwardContext } from './backbone.ts';
import { createSwin, dropPathRates } from './swin.ts';

const SMALL: DetectorConfigInput = {
  backbone: 'swin-small',
  backboneWidths: [8, 16, 32, 64],
  backboneBlocks: [2, 2, 2, 2],
  attentionHeads: 2,
  window: 3,
  dropPath: 0.5,
};

const inference: ForwardContext = { training: false, random: () => 0 };

function small(changes: DetectorConfigInput = {}): {
  store: ParameterStore;
  swin: ReturnType<typeof createSwin>;
} {
  const store = createParameterStore(1);
  return { store, swin: createSwin(store, '', parseDetectorConfig({ ...SMALL, ...changes })) };
}

const images = (batch: number, height: number, width: number): tf.Tensor4D =>
  tf.randomNormal([batch, height, width, 3], 0, 1, 'float32', 7);

beforeAll(async () => {
  await openEngine({ engine: 'cpu' });
});

describe('dropPathRates', () => {
  it('rises linearly over all blocks', () => {
    const rates = dropPathRates(0.2, [2, 2, 6, 2]);
    expect(rates).toHaveLength(12);
    expect(rates[0]).toBe(0);
    expect(rates[1]).toBeCloseTo(0.01818, 5);
    expect(rates[2]).toBeCloseTo(0.03636, 5);
    expect(rates[11]).toBeCloseTo(0.2, 12);
  });
});

describe('createSwin', () => {
  it.each([
    ['swin-t', 27_520_698],
    ['swin-s', 48_838_602],
    ['swin-b', 86_745_016],
    ['swin-l', 194_998_164],
  ] as const)('%s has %i parameters with its output norms', (backbone, count) => {
    const list = createParameterList();
    createSwin(list, '', parseDetectorConfig({ backbone }));
    const sizes = [...list.specs.values()].map(({ shape }) =>
      shape.reduce((product, side) => product * side, 1),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBe(count);
  });

  it('gives one map per stage, at strides 4 to 32, of any size', () => {
    const { swin } = small();
    expect(swin.stages).toEqual([
      { level: 2, channels: 8 },
      { level: 3, channels: 16 },
      { level: 4, channels: 32 },
      { level: 5, channels: 64 },
    ]);
    const shapes = (height: number, width: number): number[][] =>
      swin.forward(images(2, height, width), inference).map((map) => map.shape);
    expect(shapes(64, 96)).toEqual([
      [2, 16, 24, 8],
      [2, 8, 12, 16],
      [2, 4, 6, 32],
      [2, 2, 3, 64],
    ]);
    expect(shapes(37, 50).map(([, height, width]) => [height, width])).toEqual([
      [10, 13],
      [5, 7],
      [3, 4],
      [2, 2],
    ]);
  });

  it('sees a change in one corner only through its windows', async () => {
    const { swin } = small({ backboneBlocks: [1, 1, 1, 1] });
    const before = images(1, 96, 96);
    const after = tf.tidy(() => {
      const corner = tf.pad4d(tf.ones([1, 4, 4, 3]), [
        [0, 0],
        [0, 92],
        [0, 92],
        [0, 0],
      ]);
      return tf.add<tf.Tensor4D>(before, corner);
    });
    const [a, b] = [before, after].map((input) => swin.forward(input, inference)[0]!);
    const difference = await tf.max<tf.Tensor3D>(tf.abs(tf.sub(a!, b!)), 3).array();
    const changed = difference[0]!.flatMap((row, y) =>
      row.flatMap((value, x) => (value > 1e-6 ? [[y, x]] : [])),
    );
    // One unshifted block: the 3×3 window of tokens in the corner, and nothing else.
    expect(changed.every(([y, x]) => y! < 3 && x! < 3)).toBe(true);
    expect(changed).toHaveLength(9);
  });

  it('gives each image of a batch what it gets alone', async () => {
    const { swin } = small();
    const batch = images(2, 40, 56);
    const together = swin.forward(batch, inference).at(-1)!;
    const alone = swin.forward(tf.slice(batch, [1, 0, 0, 0], [1, -1, -1, -1]), inference).at(-1)!;
    const distance = tf.max(tf.abs(tf.sub(tf.slice(together, [1, 0, 0, 0], [1, -1, -1, -1]), alone)));
    expect((await distance.data())[0]).toBeLessThan(1e-5);
  });

  it('drops whole branches of single images in training, and none in inference', async () => {
    const { swin } = small();
    const batch = tf.tile(images(1, 32, 32), [4, 1, 1, 1]);
    const context: ForwardContext = { training: true, random: randomStream(3) };
    const rows = async (features: tf.Tensor4D): Promise<number> => {
      const sums = [...(await tf.sum(features, [1, 2]).data())].map((sum) => sum.toFixed(4));
      return new Set(Array.from({ length: 4 }, (_, i) => sums.slice(64 * i, 64 * i + 64).join())).size;
    };
    expect(await rows(swin.forward(batch, inference).at(-1)!)).toBe(1);
    expect(await rows(swin.forward(batch, context).at(-1)!)).toBeGreaterThan(1);
  });

  it('trains what is not frozen, with the gradient that finite differences give', async () => {
    const { store, swin } = small({ frozenStages: 2, window: 2, dropPath: 0 });
    const batch = images(1, 36, 28);
    const loss = (): tf.Scalar => {
      const maps = swin.forward(batch, { training: true, random: randomStream(1) });
      return tf.addN<tf.Scalar>(maps.map((map, index) => tf.mean(tf.sin(tf.mul(map, index + 1)))));
    };
    const { grads } = tf.variableGrads(
      loss,
      [...store.variables.values()].filter((variable) => variable.trainable),
    );
    const gradientOf = (name: string): tf.Tensor => grads[store.variables.get(name)!.name]!;
    expect(store.variables.get('layers.0.blocks.0.attn.qkv.weight')!.trainable).toBe(false);
    expect(store.variables.get('norm0.weight')!.trainable).toBe(true);
    for (const name of [
      'layers.1.blocks.1.attn.relative_position_bias_table',
      'layers.1.blocks.1.attn.qkv.weight',
      'layers.1.downsample.reduction.weight',
      'layers.2.blocks.0.mlp.fc1.bias',
    ]) {
      const variable = store.variables.get(name)!;
      const direction = tf.randomNormal(variable.shape, 0, 1, 'float32', 5);
      const expected = (await tf.sum(tf.mul(gradientOf(name), direction)).data())[0]!;
      const original = variable.clone();
      const at = async (step: number): Promise<number> => {
        variable.assign(tf.add(original, tf.mul(direction, step)));
        return (await loss().data())[0]!;
      };
      const numeric = ((await at(1e-3)) - (await at(-1e-3))) / 2e-3;
      variable.assign(original);
      expect(Math.abs(numeric - expected)).toBeLessThan(1e-3 + 0.03 * Math.abs(expected));
    }
  });

  it('refuses heads that do not divide the channels', () => {
    expect(() => small({ attentionHeads: 3 })).toThrow('attentionHeads 3 does not divide the 8 channels');
  });
});
