import { type RandomStream, standardNormal } from '../random.ts';

/** Fills the values of a new parameter; `shape` is in PyTorch's order (convolution OIHW, linear [out, in]). */
export type Initialiser = (shape: readonly number[], random: RandomStream) => Float32Array;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Inputs that one output value sums over: I × kh × kw. */
const fanIn = (shape: readonly number[]): number => sizeOf(shape.slice(1));

/** Outputs that one input value reaches: O × kh × kw. */
const fanOut = (shape: readonly number[]): number => (shape[0] ?? 1) * sizeOf(shape.slice(2));

function fill(shape: readonly number[], next: () => number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, next);
}

export const constant =
  (value: number): Initialiser =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

export const zeros: Initialiser = constant(0);
export const ones: Initialiser = constant(1);

export const normal =
  (deviation: number): Initialiser =>
  (shape, random) =>
    fill(shape, () => deviation * standardNormal(random));

/** Normal cut at ±2 (absolute, as timm does): with a deviation of 0.02 the cut never bites. */
export const truncatedNormal =
  (deviation: number): Initialiser =>
  (shape, random) =>
    fill(shape, () => Math.min(2, Math.max(-2, deviation * standardNormal(random))));

/** He et al. 2015 for ReLU, normal, fan-out: ResNet trunks that start from nothing. */
export const heNormalFanOut: Initialiser = (shape, random) =>
  normal(Math.sqrt(2 / fanOut(shape)))(shape, random);

/** Uniform(±sqrt(3 / fan_in)), detectron2's `c2_xavier_fill`: FPN and mask-branch convolutions. */
export const uniformFanIn: Initialiser = (shape, random) => {
  const bound = Math.sqrt(3 / fanIn(shape));
  return fill(shape, () => (2 * random() - 1) * bound);
};

/** Uniform(±1/sqrt(fan_in)): what PyTorch gives a convolution or linear layer that nobody initialises. */
export const pytorchDefault =
  (fan?: number): Initialiser =>
  (shape, random) => {
    const bound = 1 / Math.sqrt(fan ?? fanIn(shape));
    return fill(shape, () => (2 * random() - 1) * bound);
  };
