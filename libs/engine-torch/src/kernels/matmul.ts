import * as tf from '@tensorflow/tfjs-core';
import { writeActivation } from './activation.ts';
import { inputList, type KernelFamily } from './kernel-table.ts';

export const matmulKernels: KernelFamily = (torch) => {
  const matMul = torch.operation('matMul');
  const fusedMatMul = torch.operation('fusedMatMul');
  const einsum = torch.operation('einsum');
  return {
    BatchMatMul: ({ a, b }, { transposeA, transposeB }) =>
      torch
        .call()
        .tensor(a!)
        .tensor(b!)
        .flag(transposeA as boolean)
        .flag(transposeB as boolean)
        .run(matMul)
        .output(),
    _FusedMatMul: ({ a, b, bias, preluActivationWeights }, attrs) => {
      const call = torch
        .call()
        .tensor(a!)
        .tensor(b!)
        .flag(attrs['transposeA'] as boolean)
        .flag(attrs['transposeB'] as boolean)
        .optionalTensor(bias);
      return writeActivation(call, attrs, preluActivationWeights).run(fusedMatMul).output();
    },
    Einsum: (inputs, { equation }) => {
      const tensors = inputList(inputs) as tf.Tensor[];
      const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation as string, tensors.length);
      tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors);
      return torch
        .call()
        .text(equation as string)
        .tensors(tensors)
        .run(einsum)
        .output();
    },
  };
};
