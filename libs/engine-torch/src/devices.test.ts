import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTorchAddon } from './native-addon.ts';
import { registerTorchBackend, type TorchBackendFacts } from './register-torch-backend.ts';
import { torchIsBuilt } from './testing.ts';

const cudaDevices = torchIsBuilt ? registerTorchBackend({ device: 'cpu', threads: 1 }).cudaDevices : 0;
let torch: TorchBackendFacts;

beforeAll(async () => {
  if (!torchIsBuilt) return;
  torch = registerTorchBackend();
  await tf.setBackend('torch');
});

describe.skipIf(!torchIsBuilt)('devices (need the built addon)', () => {
  it('names the device that is not there and stays on the one before', () => {
    const absent = `cuda:${cudaDevices}`;
    const refusal = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(
        `${absent} is not there: this libtorch sees ${cudaDevices} CUDA devices`,
      ),
    });
    expect(() => torch.setDevice(absent)).toThrow(refusal);
    expect(() => registerTorchBackend({ device: absent })).toThrow(refusal);
    expect(() => torch.copyTo(tf.scalar(1), absent)).toThrow(refusal);
    expect(torch.device).toBe('cpu');
  });

  it.each(['abacus', 'cuda:x', 'cuda:-1', 'xpu:0', ''])('refuses %j as a device', (name) => {
    expect(() => torch.setDevice(name)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(torch.device).toBe('cpu');
  });

  it('returns the device before, and tells where a tensor is', () => {
    expect(torch.setDevice('cpu')).toBe('cpu');
    expect(torch.deviceOf(tf.scalar(1))).toBe('cpu');
    expect(torch.deviceOf(tf.tensor1d(['strings stay in JavaScript']))).toBe('cpu');
  });

  it('copies between devices into memory of its own', () => {
    const x = tf.variable(tf.tensor1d([1, 2, 3]));
    const copy = torch.copyTo(x, 'cpu');
    x.assign(tf.tensor1d([4, 5, 6]));
    expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    expect(copy.dtype).toBe('float32');
  });

  it('reads the values of the moment, whatever is written while it waits', async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const reading = x.data();
    x.dispose();
    expect([...(await reading)]).toEqual([1, 2, 3]);
  });

  it.skipIf(cudaDevices < 2)('refuses operands on two GPUs (needs two)', () => {
    torch.setDevice('cuda:0');
    const here = tf.ones([2]);
    torch.setDevice('cuda:1');
    const there = tf.ones([2]);
    expect(torch.deviceOf(there)).toBe('cuda:1');
    expect(() => tf.add(here, there)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('cuda:0') }),
    );
    expect([...tf.add(torch.copyTo(here, 'cuda:1'), there).dataSync()]).toEqual([2, 2]);
    torch.setDevice('cpu');
  });

  // On the CPU nothing waits anyway: there it is the chain that is tried.
  it.each(cudaDevices > 0 ? ['cpu', 'cuda:0'] : ['cpu'])(
    'waits for %s only where a result is read',
    (device) => {
      torch.setDevice(device);
      loadTorchAddon().forbidWaiting(1);
      let total: tf.Tensor;
      try {
        total = chainOfOperations();
      } finally {
        loadTorchAddon().forbidWaiting(0);
        torch.setDevice('cpu');
      }
      expect(torch.deviceOf(total)).toBe(device);
      expect(Number.isFinite(total.dataSync()[0])).toBe(true);
    },
  );

  it.skipIf(cudaDevices < 1)('reads a GPU tensor as it was when asked (needs a GPU)', async () => {
    torch.setDevice('cuda:0');
    const x = tf.variable(tf.ones([1024, 1024]));
    const reading = x.data();
    x.assign(tf.zeros([1024, 1024]));
    expect((await reading)[0]).toBe(1);
    torch.setDevice('cpu');
  });
});

/** A convolution and its gradient, with operations around it that make index tables or values on the host. */
function chainOfOperations(): tf.Tensor {
  const x = tf.randomNormal<tf.Rank.R4>([2, 8, 8, 4], 0, 1, 'float32', 3);
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 4, 4], 0, 1, 'float32', 4);
  const y = tf.conv2d(x, filter, 2, 'same');
  const attributes = { strides: 2, pad: 'same', dataFormat: 'NHWC', filterShape: filter.shape };
  const gradient: tf.Tensor = tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: y }, attributes);
  const pooled = tf.reshape(tf.maxPool(tf.relu(y), 3, 2, 'same'), [-1, 4]);
  const rows = tf.gather(pooled, tf.range(0, 4, 1, 'int32'));
  const mirrored = tf.mirrorPad(
    y,
    [0, 1, 1, 0].map((width) => [width, width] as [number, number]),
    'reflect',
  );
  const resized = tf.image.resizeBilinear(mirrored, [3, 5]);
  return tf.addN([tf.sum(rows), tf.sum(resized), tf.sum(gradient)]);
}
