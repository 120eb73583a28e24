import { describe, expect, it } from 'vitest';
import { readLabelerConfig } from '../config.ts';
import { runtimeOf } from './model-runtimes.ts';

describe('CASSL_MODEL_RUNTIME', () => {
  it('names one runtime for all models, and others by name', () => {
    const text = 'auto, demo/detector=onnx, warmup@prod=torch';
    const names = ['demo/detector', 'warmup@prod', 'another', 'constructor'];
    expect(names.map((name) => runtimeOf(text, name))).toEqual(['onnx', 'torch', 'auto', 'auto']);
    expect(runtimeOf('demo/detector=onnx', 'another')).toBe('torch');
  });

  it('is checked at the start', () => {
    expect(readLabelerConfig({ CASSL_MODEL_RUNTIME: 'onnx, prod=auto' }).modelRuntimes).toBe(
      'onnx, prod=auto',
    );
    for (const wrong of ['onnx, prod=tensorrt', 'tensorflow']) {
      expect(() => readLabelerConfig({ CASSL_MODEL_RUNTIME: wrong })).toThrow(
        /torch, onnx, auto, or NAME=RUNTIME/,
      );
    }
  });
});
