import { describe, expect, it } from 'vitest';
import { float32Tensor, matchState, requireMatch } from './index.ts';

const tensor = (...shape: number[]): ReturnType<typeof float32Tensor> =>
  float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));

describe('matchState', () => {
  it('reports what matched, what was skipped and why, and what is missing', () => {
    const state = new Map([
      ['a', tensor(2, 3)],
      ['b', tensor(4)],
      ['c', tensor(1)],
    ]);
    const { tensors, report } = matchState(
      state,
      new Map([
        ['a', [2, 3]],
        ['b', [5]],
        ['d', [1]],
      ]),
    );
    expect([...tensors.keys()]).toEqual(['a']);
    expect(report).toEqual({
      matched: ['a'],
      skipped: [
        { name: 'b', reason: "its shape is [4], the model's is [5]" },
        { name: 'c', reason: 'the model has no such tensor' },
      ],
      missing: ['b', 'd'],
    });
    expect(() => requireMatch(report, 'resnet50')).toThrow(
      "the checkpoint is not resnet50: tensor b: its shape is [4], the model's is [5]",
    );
  });

  it('names the first missing tensor when a checkpoint is complete nowhere', () => {
    const { report } = matchState(new Map(), new Map([['a', [1]]]));
    expect(() => requireMatch(report, 'swin-t')).toThrow(
      'the checkpoint is not swin-t: it lacks 1 of 1 tensors, first a',
    );
  });
});
