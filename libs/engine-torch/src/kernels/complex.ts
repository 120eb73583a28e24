import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Inputs, KernelFamily } from './kernel-table.ts';

/** Complex tensors are pairs of real ones; only taking them together and apart is native. */
export const complexKernels: KernelFamily = (torch) => {
  const held = (info: TensorInfo): TensorInfo => {
    torch.incRef(info.dataId);
    return { dataId: info.dataId, shape: info.shape, dtype: info.dtype };
  };
  const part =
    (name: 'real' | 'imag') =>
    ({ input }: Inputs): TensorInfo => ({
      ...held(torch.data(input!.dataId).complex![name]),
      shape: input!.shape,
    });
  return {
    Complex: ({ real, imag }) => torch.makeComplex(held(real!), held(imag!)),
    Real: part('real'),
    Imag: part('imag'),
  };
};
