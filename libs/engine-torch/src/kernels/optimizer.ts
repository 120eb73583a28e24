import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import type { CasslAdamWStepAttrs, CasslSgdStepAttrs } from '../fused-kernels.ts';
import type { NativeCall } from '../native-call.ts';
import type { TorchBackend } from '../torch-backend.ts';
import { inputList, type KernelFamily } from './kernel-table.ts';

/** All parameters in one native call, in place. */
export const optimizerKernels: KernelFamily = (torch) => {
  const sgdStep = torch.operation('sgdStep');
  const adamwStep = torch.operation('adamwStep');
  return {
    CasslSgdStep: (inputs, attrs) => {
      const { learningRate, momentum, weightDecay } = attrs as unknown as CasslSgdStepAttrs;
      own(torch, inputList(inputs), weightDecay.length, 1);
      const call = torch.call().number(learningRate).number(momentum);
      writeAll(call, inputList(inputs), weightDecay).run(sgdStep);
      return [];
    },
    CasslAdamWStep: (inputs, attrs) => {
      const { learningRate, beta1, beta2, epsilon, step, weightDecay } =
        attrs as unknown as CasslAdamWStepAttrs;
      own(torch, inputList(inputs), weightDecay.length, 2);
      const call = torch.call().number(learningRate).number(beta1).number(beta2).number(epsilon).number(step);
      writeAll(call, inputList(inputs), weightDecay).run(adamwStep);
      return [];
    },
  };
};

function writeAll(
  call: NativeCall,
  inputs: readonly tf.TensorInfo[],
  weightDecay: readonly number[],
): NativeCall {
  call.number(weightDecay.length);
  for (const decay of weightDecay) call.number(decay);
  for (const input of inputs) call.tensor(input);
  return call;
}

/** tfjs tensors are immutable and may share data: what is written in place must be a variable's alone. */
function own(torch: TorchBackend, inputs: readonly tf.TensorInfo[], count: number, states: number): void {
  const expected = count * (2 + states);
  if (inputs.length !== expected) {
    throw invalidArgument(
      `optimiser step: ${count} parameters need ${expected} inputs, got ${inputs.length}`,
    );
  }
  for (let i = 0; i < expected; i++) {
    if (i >= count && i < 2 * count) continue;
    const variable = inputs[i]!;
    if (!(variable instanceof tf.Variable)) {
      throw invalidArgument(`optimiser step: input ${i} is written in place and must be a variable`);
    }
    const data = torch.data(variable.dataId);
    if (data.refCount === 1 && tf.util.arraysEqual(data.shape as number[], variable.shape as number[]))
      continue;
    const copy = torch.call().tensor(variable).run(torch.operation('identity')).output();
    const tensor = tf.engine().makeTensorFromTensorInfo(copy);
    variable.assign(tensor);
    tensor.dispose();
  }
}
