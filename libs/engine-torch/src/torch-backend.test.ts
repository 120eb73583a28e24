import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { torchIsBuilt } from './testing.ts';
import { loadTorchAddon } from './native-addon.ts';
import { registerTorchBackend } from './register-torch-backend.ts';
import type { TorchBackend } from './torch-backend.ts';

describe.skipIf(!torchIsBuilt)('the torch backend (needs the built addon)', () => {
  beforeAll(async () => {
    registerTorchBackend({ device: 'cpu', threads: 1 });
    await tf.setBackend('torch');
  });

  const native = () => loadTorchAddon().status();

  it('frees a tensor at dispose, not at garbage collection', () => {
    const before = native();
    const x = tf.zeros([1024, 1024]);
    expect(native().cpuBytes - before.cpuBytes).toBe(4 * 1024 * 1024);
    x.dispose();
    expect(native()).toMatchObject({ tensors: before.tensors, cpuBytes: before.cpuBytes });
  });

  it('holds little more than tensors once needed at the same time, however their sizes change', () => {
    const { addon } = tf.backend() as TorchBackend;
    addon.trim();
    for (let rows = 4096; rows > 1024; rows -= 256) {
      tf.dispose(Array.from({ length: 8 }, () => tf.zeros([rows, 256])));
      const { cpuBytes, cpuBytesKept, cpuBytesPeak } = native();
      expect(cpuBytes + cpuBytesKept).toBeLessThanOrEqual(1.05 * cpuBytesPeak);
    }
  });

  it('shares data between a tensor and its reshapes, and counts it once', () => {
    const before = tf.memory();
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const y = tf.reshape(x, [3, 2]);
    expect(tf.memory()).toMatchObject({
      numDataBuffers: before.numDataBuffers + 1,
      numTensors: before.numTensors + 2,
    });
    x.dispose();
    const product = tf.matMul(y, tf.tensor2d([1, 1], [2, 1]));
    expect([...product.dataSync()]).toEqual([3, 7, 11]);
    tf.dispose([y, product]);
  });

  it('keeps no native tensor after a tidy', () => {
    const before = native().tensors;
    tf.tidy(() => tf.sum(tf.relu(tf.add(tf.ones([8, 8]), tf.transpose(tf.ones([8, 8]))))).dataSync());
    expect(native().tensors).toBe(before);
  });

  it('moves a tensor that another backend made, and gives it back', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor1d([1, 2, 3]);
    await tf.setBackend('torch');
    const doubled = tf.mul(x, 2);
    await tf.setBackend('cpu');
    expect([...tf.add(doubled, x).dataSync()]).toEqual([3, 6, 9]);
    await tf.setBackend('torch');
    expect([...(await tf.add(doubled, x).data())]).toEqual([3, 6, 9]);
  });

  it('round-trips each type', async () => {
    expect(await tf.tensor1d([1.5, -2]).data()).toEqual(Float32Array.of(1.5, -2));
    expect(await tf.tensor1d([1, -2], 'int32').data()).toEqual(Int32Array.of(1, -2));
    expect(await tf.tensor1d([true, false]).data()).toEqual(Uint8Array.of(1, 0));
    expect(await tf.tensor1d(['a', 'b']).data()).toEqual(['a', 'b']);
    expect([...tf.real(tf.complex([1, 2], [3, 4])).dataSync()]).toEqual([1, 2]);
  });

  it('turns a shape error into one INVALID_ARGUMENT with the sizes', () => {
    const add = () => tf.engine().runKernel('Add', { a: tf.ones([3]), b: tf.ones([4]) });
    expect(add).toThrow(
      expect.objectContaining({
        name: 'CasslError',
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/\(3\).*\(4\)/s),
      }),
    );
  });

  it('refuses what memory cannot hold, naming the bytes, and goes on', () => {
    expect(() => tf.fill([1 << 20, 1 << 20], 1)).toThrow(
      expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', details: { requestedBytes: 2 ** 42 } }),
    );
    expect(() => tf.fill([2 ** 40, 2 ** 40], 1)).toThrow(/add|overflow|too (large|big)|Storage|size/i);
    expect(tf.sum(tf.fill([4], 1)).dataSync()[0]).toBe(4);
  });

  it('honours a memory limit', () => {
    const addon = loadTorchAddon();
    const { cpuBytes, cpuBytesLimit } = addon.status();
    addon.setMemoryLimit(cpuBytes + 1e6);
    try {
      expect(() => tf.zeros([1e6])).toThrow(expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }));
    } finally {
      addon.setMemoryLimit(cpuBytesLimit);
    }
  });

  it('says that a disposed tensor is disposed', () => {
    const x = tf.ones([2]);
    x.dispose();
    expect(() => tf.engine().runKernel('Relu', { x })).toThrow(/disposed/);
  });

  it('gives no values, and no gradient, where a pooling window fits nowhere', () => {
    const input = tf.ones<tf.Rank.R4>([1, 2, 2, 3]);
    const pooled = tf.maxPool(input, 3, 1, 'valid');
    expect(pooled.shape).toEqual([1, 0, 0, 3]);
    const attrs = { filterSize: [3, 3], strides: 1, pad: 'valid' };
    for (const kernel of ['MaxPoolGrad', 'AvgPoolGrad']) {
      const dx: tf.Tensor = tf.engine().runKernel(kernel, { dy: pooled, input }, attrs);
      expect([...dx.dataSync()]).toEqual(new Array(12).fill(0));
    }
  });

  it('counts a kernel that falls back to the cpu backend, and tells of it once', () => {
    const { fallbacks } = registerTorchBackend();
    const count = () => fallbacks().find(({ kernel }) => kernel === 'Unique')?.count ?? 0;
    const before = count();
    expect([...tf.unique(tf.tensor1d([1, 1, 2])).values.dataSync()]).toEqual([1, 2]);
    expect(count()).toBe(before + 1);
  });
});
