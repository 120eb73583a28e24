import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { NativeCall } from '../native-call.ts';
import type { KernelFamily } from './kernel-table.ts';

export const normalizationKernels: KernelFamily = (torch) => {
  const batchNorm = torch.operation('batchNorm');
  const localResponse = torch.operation('localResponse');
  const localResponseGrad = torch.operation('localResponseGrad');
  const writeLocal = (call: NativeCall, attrs: NamedAttrMap): NativeCall =>
    call
      .number(attrs['depthRadius'] as number)
      .number(attrs['bias'] as number)
      .number(attrs['alpha'] as number)
      .number(attrs['beta'] as number);
  return {
    FusedBatchNorm: ({ x, mean, variance, offset, scale }, { varianceEpsilon }) =>
      torch
        .call()
        .tensor(x!)
        .tensor(mean!)
        .tensor(variance!)
        .optionalTensor(offset)
        .optionalTensor(scale)
        .number((varianceEpsilon as number | null | undefined) ?? 0.001)
        .run(batchNorm)
        .output(),
    LRN: ({ x }, attrs) => writeLocal(torch.call().tensor(x!), attrs).run(localResponse).output(),
    LRNGrad: ({ x, y, dy }, attrs) =>
      writeLocal(torch.call().tensor(x!).tensor(y!).tensor(dy!), attrs).run(localResponseGrad).output(),
  };
};
