import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from '../config.ts';
import { createParameterList, createParameterStore } from '../parameters.ts';
import { createResNet } from './resnet.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

const names = (changes: DetectorConfigInput): Map<string, string> => {
  const list = createParameterList();
  createResNet(list, '', parseDetectorConfig({ masks: false, ...changes }));
  return new Map([...list.specs.values()].map(({ name, appliedAt }) => [name, String(appliedAt)]));
};

describe('createResNet', () => {
  it('strides in the 3×3 convolution as torchvision does, or in the first 1×1 as MSRA does', () => {
    const torchvision = names({ backbone: 'resnet50' });
    const msra = names({ backbone: 'resnet50', resnetStride: 'msra' });
    expect([torchvision.get('layer2.0.conv1.weight'), torchvision.get('layer2.0.conv2.weight')]).toEqual([
      '4',
      '8',
    ]);
    expect([msra.get('layer2.0.conv1.weight'), msra.get('layer2.0.conv2.weight')]).toEqual(['8', '8']);
    expect([...msra.keys()]).toEqual([...torchvision.keys()]);
  });

  it('has the blocks of its depth', () => {
    const blocks = (backbone: 'resnet18' | 'resnet34' | 'resnet101') =>
      [1, 2, 3, 4].map(
        (stage) =>
          [...names({ backbone }).keys()].filter((name) =>
            new RegExp(`^layer${stage}\\.\\d+\\.conv1\\.weight`).test(name),
          ).length,
      );
    expect(blocks('resnet18')).toEqual([2, 2, 2, 2]);
    expect(blocks('resnet34')).toEqual([3, 4, 6, 3]);
    expect(blocks('resnet101')).toEqual([3, 4, 23, 3]);
  });

  it.each(['torchvision', 'msra'] as const)('gives maps at strides 4 to 32 (%s)', (resnetStride) => {
    const config = parseDetectorConfig({
      backbone: 'resnet-small',
      backboneWidths: [8, 8, 8, 8],
      backboneBlocks: [1, 1, 1, 1],
      resnetStride,
      masks: false,
    });
    const store = createParameterStore(1);
    const backbone = createResNet(store, '', config);
    tf.tidy(() => {
      const maps = backbone.forward(tf.zeros([1, 64, 96, 3]), { training: false, random: () => 0 });
      expect(maps.map(({ shape }) => shape)).toEqual([
        [1, 16, 24, 8],
        [1, 8, 12, 8],
        [1, 4, 6, 8],
        [1, 2, 3, 8],
      ]);
    });
  });

  it('folds frozen batch norms anew when a weight changes', () => {
    const config = parseDetectorConfig({
      backbone: 'resnet-small',
      backboneStages: 2,
      backboneWidths: [4, 4],
      backboneBlocks: [1, 1],
      pyramidInputs: [3],
      levels: [3],
      rangeLimits: [],
      masks: false,
    });
    const store = createParameterStore(1);
    const backbone = createResNet(store, '', config);
    const run = (training: boolean) =>
      tf.tidy(() => {
        const [, map] = backbone.forward(tf.ones([1, 32, 32, 3]), { training, random: () => 0 });
        return [...map!.dataSync()];
      });
    const before = run(false);
    expect(run(true)).toEqual(before);
    store.variables.get('bn1.running_var')!.assign(tf.fill([2], 4));
    const after = run(false);
    expect(after).not.toEqual(before);
    expect(run(true)).toEqual(after);
  });
});
