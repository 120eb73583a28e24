import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { TorchBackend } from '../torch-backend.ts';

/** Inputs by name. */
export type Inputs = Readonly<Partial<NamedTensorInfoMap>>;

/** The inputs of a kernel that takes a list: tfjs passes an array where others get a map. */
export function inputList(inputs: Inputs): readonly TensorInfo[] {
  return inputs as unknown as readonly TensorInfo[];
}

/** One kernel: attributes arrive as tfjs's own types, which each kernel narrows. */
export type Kernel = (inputs: Inputs, attrs: NamedAttrMap) => TensorInfo | TensorInfo[];

/** Kernels by tfjs name. */
export type KernelTable = Readonly<Record<string, Kernel>>;

/** Makes one family's kernels for a backend; looks its native operations up once. */
export type KernelFamily = (torch: TorchBackend) => KernelTable;

/** A kernel whose native operation takes these inputs in this order and nothing else. */
export function plainKernel(torch: TorchBackend, name: string, inputNames: readonly string[]): Kernel {
  const operation = torch.operation(name);
  const [first, second] = inputNames as [string, string?];
  if (inputNames.length === 1) return (inputs) => torch.call().tensor(inputs[first]!).run(operation).output();
  if (inputNames.length === 2) {
    return (inputs) => torch.call().tensor(inputs[first]!).tensor(inputs[second!]!).run(operation).output();
  }
  return (inputs) => {
    const call = torch.call();
    for (const inputName of inputNames) call.tensor(inputs[inputName]!);
    return call.run(operation).output();
  };
}
