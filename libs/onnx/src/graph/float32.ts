import { changedTensor, float32Tensor, toFloat32, type LazyTensor } from '@cassl/checkpoints';

/** Runtimes on processors compute in float32; half-precision weights are widened, others keep their bytes. */
export function float32(tensor: LazyTensor): LazyTensor {
  if (tensor.dtype === 'F32') return tensor;
  const { shape } = tensor;
  return changedTensor(tensor, (host) => float32Tensor(shape, toFloat32(host, 'weight')), {
    dtype: 'F32',
    shape,
  });
}
