import { describe, expect, it } from 'vitest';
import { findState } from './find-state.ts';
import { TensorReference } from './tensor-reference.ts';

const tensor = new TensorReference({ storageKey: '0', dtype: 'F32', count: 1 }, 0, [1], [1]);
const dict = (entries: Readonly<Record<string, unknown>>): Map<string, unknown> =>
  new Map(
    Object.entries(entries).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null && !(value instanceof TensorReference)
        ? dict(value as Record<string, unknown>)
        : value,
    ]),
  );
const weights = { w: tensor };

describe('findState', () => {
  it.each([
    ['a bare state dict', weights, ''],
    ['one beside an epoch', { state_dict: weights, epoch: 3 }, 'state_dict'],
    ['a nested average', { ema: { module: weights, decay: 0.9 }, epoch: 3 }, 'ema.module'],
    ['a nested model', { model: { state_dict: weights } }, 'model.state_dict'],
    ['an unusual key', { brain: weights, epoch: 1 }, 'brain'],
    ['the model before its average', { model_ema: weights, model: weights }, 'model'],
    ['the teacher before the student', { student: weights, teacher: weights }, 'teacher'],
    ['weights and not moments', { net: weights, optimizer: { state: { a: { exp_avg: tensor } } } }, 'net'],
  ])('finds %s', (_, root, key) => {
    expect(findState(dict(root)).key).toBe(key);
  });

  it('takes the key that it is told', () => {
    const root = dict({ model: weights, model_ema: { module: weights } });
    expect(findState(root, 'model_ema.module').otherKeys).toEqual(['model']);
    expect(() => findState(root, 'gone')).toThrow(
      'no tensors under gone, only under model, model_ema.module',
    );
  });

  it('says truly what there is instead', () => {
    expect(() => findState(dict({ epoch: 3, loss: 'x' }))).toThrow('its entries are epoch, loss');
    expect(() => findState(dict({ a: weights, b: weights }))).toThrow('several places: a, b');
    expect(() => findState([])).toThrow('no dict of tensors');
  });
});
