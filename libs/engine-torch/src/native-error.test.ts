import { invalidArgument } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import { fromNativeError } from './native-error.ts';

const native = (code: string, message: string): Error => Object.assign(new Error(message), { code });

const gpuHasLess =
  ' GPU 0 has a total capacity of 23.64 GiB of which 61.69 MiB is free. Including non-PyTorch memory, this process has ' +
  '23.57 GiB memory in use. Of the allocated memory 22.96 GiB is allocated by PyTorch, and 146.43 MiB is reserved by ' +
  'PyTorch but unallocated.';

describe('fromNativeError', () => {
  // The CUDA texts are those of PyTorch 1.13 and 2.x; sizes in them are rounded to two decimals.
  it.each([
    ['out of memory on cpu: requested 4294967296 bytes, 12 of 34 in use', 2 ** 32],
    [`CUDA out of memory. Tried to allocate 2.00 GiB.${gpuHasLess}`, 2 * 2 ** 30],
    [`CUDA out of memory. Tried to allocate 376.50 MiB.${gpuHasLess}`, 376.5 * 2 ** 20],
    [`CUDA out of memory. Tried to allocate 512 bytes.${gpuHasLess}`, 512],
    [
      'CUDA out of memory. Tried to allocate 376.00 MiB (GPU 0; 3.95 GiB total capacity; 1.72 GiB already',
      376 * 2 ** 20,
    ],
    [
      'CUDA out of memory. Allocation was preemptively rejected because it would exceed per_process_memory_fraction ' +
        'limit. Requested size: 20.00 GiB. GPU 1 has a total capacity of 23.64 GiB',
      20 * 2 ** 30,
    ],
  ])('reads the size out of %j', (message, requestedBytes) => {
    const error = fromNativeError(native('RESOURCE_EXHAUSTED', message), 'conv2d');
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { requestedBytes } });
    expect(error.message).toContain('conv2d: ');
  });

  it.each([
    'CUDA out of memory. Tried to allocate more than 1EB memory.',
    'cuDNN error: CUDNN_STATUS_ALLOC_FAILED',
  ])('leaves the size out where %j names none', (message) => {
    const error = fromNativeError(native('RESOURCE_EXHAUSTED', message), 'conv2d');
    expect(error.code).toBe('RESOURCE_EXHAUSTED');
    expect(error.details).not.toHaveProperty('requestedBytes');
  });

  it("cuts libtorch's stack trace off and keeps an error that is ours already", () => {
    const traced = native('INVALID_ARGUMENT', 'shapes differ\nException raised from add at ../aten/src:1');
    expect(fromNativeError(traced, 'add').message).toBe('add: shapes differ');
    const ours = invalidArgument('told before');
    expect(fromNativeError(ours, 'add')).toBe(ours);
  });
});
