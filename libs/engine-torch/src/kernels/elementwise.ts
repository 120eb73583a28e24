import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { inputList, plainKernel, type Inputs, type Kernel, type KernelFamily } from './kernel-table.ts';

const unary = {
  Abs: 'abs',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Elu: 'elu',
  Erf: 'erf',
  Exp: 'exp',
  Expm1: 'expm1',
  Floor: 'floor',
  IsFinite: 'isFinite',
  IsInf: 'isInf',
  IsNan: 'isNan',
  Log: 'log',
  Log1p: 'log1p',
  LogicalNot: 'logicalNot',
  Neg: 'neg',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Relu6: 'relu6',
  Round: 'round',
  Rsqrt: 'rsqrt',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'sqrt',
  Square: 'square',
  Tan: 'tan',
  Tanh: 'tanh',
} as const;

const binary = {
  Add: 'add',
  Sub: 'sub',
  Multiply: 'multiply',
  RealDiv: 'divide',
  FloorDiv: 'floorDivide',
  Mod: 'modulo',
  Pow: 'power',
  Maximum: 'maximum',
  Minimum: 'minimum',
  SquaredDifference: 'squaredDifference',
  Atan2: 'atan2',
  Equal: 'equal',
  NotEqual: 'notEqual',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  LogicalAnd: 'logicalAnd',
  LogicalOr: 'logicalOr',
  LogicalXor: 'logicalXor',
  BitwiseAnd: 'bitwiseAnd',
} as const;

export const elementwiseKernels: KernelFamily = (torch) => {
  const kernels: Record<string, Kernel> = {};
  for (const [kernel, operation] of Object.entries(unary)) {
    kernels[kernel] = plainKernel(torch, operation, ['x']);
  }
  for (const [kernel, operation] of Object.entries(binary)) {
    kernels[kernel] = plainKernel(torch, operation, ['a', 'b']);
  }
  const [leakyRelu, step, clip, select, addN, cast, fill] = (
    ['leakyRelu', 'step', 'clip', 'select', 'addN', 'cast', 'fill'] as const
  ).map((name) => torch.operation(name)) as [never, never, never, never, never, never, never];
  const filled = ({ x }: Inputs, value: number): TensorInfo =>
    torch.call().integers(x!.shape).number(value).dtype(x!.dtype).run(fill).output();
  const shared = (x: TensorInfo): TensorInfo => {
    torch.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  return {
    ...kernels,
    Prelu: plainKernel(torch, 'prelu', ['x', 'alpha']),
    EluGrad: plainKernel(torch, 'eluGrad', ['dy', 'y']),
    LeakyRelu: ({ x }, { alpha }) =>
      torch
        .call()
        .tensor(x!)
        .number(alpha as number)
        .run(leakyRelu)
        .output(),
    Step: ({ x }, { alpha }) =>
      torch
        .call()
        .tensor(x!)
        .number((alpha as number | undefined) ?? 0)
        .run(step)
        .output(),
    ClipByValue: ({ x }, { clipValueMin, clipValueMax }) =>
      torch
        .call()
        .tensor(x!)
        .number(clipValueMin as number)
        .number(clipValueMax as number)
        .run(clip)
        .output(),
    Select: ({ condition, t, e }) =>
      torch.call().tensor(condition!).tensor(t!).tensor(e!).run(select).output(),
    AddN: (inputs) => torch.call().tensors(inputList(inputs)).run(addN).output(),
    ZerosLike: (inputs) => filled(inputs, 0),
    OnesLike: (inputs) => filled(inputs, 1),
    Identity: ({ x }) => shared(x!),
    Cast: ({ x }, { dtype }) =>
      x!.dtype === dtype
        ? shared(x!)
        : torch
            .call()
            .tensor(x!)
            .dtype(dtype as DataType)
            .run(cast)
            .output(),
  };
};
