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
    Einsum: (inputs, { equation }) =>
      torch
        .call()
        .text(equation as string)
        .tensors(inputList(inputs))
        .run(einsum)
        .output(),
  };
};
