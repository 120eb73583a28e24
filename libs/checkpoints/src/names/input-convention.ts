import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { float32Tensor, toFloat32, type HostTensor, type StateDict } from '../host-tensor.ts';
import { changed, hostState, lazyState, type LazyState } from '../lazy-tensor.ts';
import { BODY } from './frameworks.ts';

/** How pixels (0–255) become the numbers that a network reads: (x - mean) / std per channel, channels in `order`. */
export interface InputConvention {
  readonly order: 'rgb' | 'bgr';
  /** In `order`. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** torchvision, timm, Swin, mmdetection's "pytorch" style. */
export const IMAGENET_RGB: InputConvention = {
  order: 'rgb',
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** detectron2's and AdelaiDet's defaults, mmdetection's "caffe" style. */
export const MSRA_BGR: InputConvention = { order: 'bgr', mean: [103.53, 116.28, 123.675], std: [1, 1, 1] };

const FIRST_CONVOLUTIONS = [`${BODY}conv1.weight`, `${BODY}patch_embed.proj.weight`];

/**
 * Changes the first convolution so that the network gives the same features under another input convention.
 * The means must be the same colours, because zero padding stands for "mean colour" in both.
 * @throws INVALID_ARGUMENT when the means differ, FAILED_PRECONDITION when there is no first convolution
 */
export function convertInput(state: StateDict, from: InputConvention, to: InputConvention): StateDict {
  return hostState(convertInputLazily(lazyState(state), from, to));
}

/** The same before the bytes are there. */
export function convertInputLazily(state: LazyState, from: InputConvention, to: InputConvention): LazyState {
  const name = FIRST_CONVOLUTIONS.find((candidate) => state.has(candidate));
  if (name === undefined)
    throw failedPrecondition(`the checkpoint has none of ${FIRST_CONVOLUTIONS.join(', ')}`);
  const source = [0, 1, 2].map((channel) => (from.order === to.order ? channel : 2 - channel));
  for (const [channel, fromChannel] of source.entries()) {
    if (Math.abs(to.mean[channel]! - from.mean[fromChannel]!) < 1e-3) continue;
    throw invalidArgument(
      `input means must be the same colour, got ${from.mean.join(', ')} (${from.order}) and ${to.mean.join(', ')} (${to.order})`,
    );
  }
  const scales = source.map((fromChannel, channel) => to.std[channel]! / from.std[fromChannel]!);
  const first = state.get(name)!;
  checkKernel(first.shape, name);
  const mixed = changed(first, (tensor) => mixChannels(tensor, name, source, scales), {
    dtype: 'F32',
    shape: first.shape,
  });
  return new Map(state).set(name, mixed);
}

function checkKernel(shape: readonly number[], name: string): void {
  if (shape.length === 4 && shape[1] === 3) return;
  throw invalidArgument(`tensor ${name} must be [O, 3, kh, kw], got [${shape.join(', ')}]`);
}

/** [O, 3, kh, kw]: input channel c becomes channel `source[c]` times `scales[c]`. */
function mixChannels(tensor: HostTensor, name: string, source: number[], scales: number[]): HostTensor {
  const [outputs, , height, width] = tensor.shape;
  const area = height! * width!;
  const values = toFloat32(tensor, name);
  const mixed = new Float32Array(values.length);
  for (let row = 0; row < outputs! * 3; row++) {
    const channel = row % 3;
    const fromStart = (row - channel + source[channel]!) * area;
    for (let i = 0; i < area; i++) mixed[row * area + i] = values[fromStart + i]! * scales[channel]!;
  }
  return float32Tensor(tensor.shape, mixed);
}
