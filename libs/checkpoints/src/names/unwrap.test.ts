import { describe, expect, it } from 'vitest';
import { exportWeights, importWeights, type StateDict } from '../index.ts';
import { joined, resnetState, swinState } from './random-models.fixture.ts';

const resnet = resnetState();
const torchvision = exportWeights(resnet, 'torchvision', 'backbone').tensors;
const prefixed = (prefix: string, state: StateDict = torchvision): StateDict =>
  new Map([...state].map(([name, tensor]) => [prefix + name, tensor]));

describe('importWeights of what trainers write', () => {
  it.each([
    ['DataParallel', 'module.'],
    ['torch.compile', '_orig_mod.'],
    ['both', 'module._orig_mod.'],
    ['MoCo', 'module.encoder_q.'],
    ['MoCo v3', 'module.base_encoder.'],
    ['Lightning', 'model.'],
    ['a teacher', 'teacher.backbone.'],
    ['an average', 'ema_model.module.'],
  ])('takes off the wrapper of %s', (_, prefix) => {
    const imported = importWeights(prefixed(prefix));
    expect(imported.tensors).toEqual(resnet);
  });

  it('takes the teacher where there is a student too, and says what it left', () => {
    const other = new Map([...torchvision].map(([name, tensor]) => [`student.${name}`, tensor]));
    const { tensors, prefix, report } = importWeights(joined(other, prefixed('teacher.')));
    expect(tensors).toEqual(resnet);
    expect(prefix).toBe('teacher.');
    expect(report.skipped).toContainEqual({
      name: 'student.conv1.weight',
      reason: 'not under teacher., where the model was found',
    });
  });

  it('takes off torch.compile in the middle of names', () => {
    const inner = new Map(
      [...torchvision].map(([name, tensor]) => [name.replace(/^layer1\./, 'layer1._orig_mod.'), tensor]),
    );
    expect(importWeights(inner).tensors).toEqual(resnet);
  });

  it('reads transformers’ ResNet and Swin with and without a classification model’s prefix', () => {
    const swin = swinState([2, 2, 6, 2], false);
    for (const [state, prefix] of [
      [resnet, 'resnet.'],
      [swin, 'swin.'],
      [swin, ''],
    ] as const) {
      const theirs = prefixed(prefix, exportWeights(state, 'transformers').tensors);
      expect(importWeights(theirs)).toMatchObject({ framework: 'transformers', prefix });
      expect(importWeights(theirs).tensors).toEqual(state);
    }
  });

  it('takes the prefix that it is told, and says when nothing is there', () => {
    const odd = prefixed('trunk.inner.');
    expect(importWeights(odd, { prefix: 'trunk.inner.' }).tensors).toEqual(resnet);
    expect(() => importWeights(odd, { prefix: 'trunk.' })).toThrow('no tensor under trunk. has a name of');
  });
});
