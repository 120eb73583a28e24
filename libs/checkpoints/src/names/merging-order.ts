import type { HostTensor } from '../host-tensor.ts';
import { inverseOrder, permuteAxis } from './permute-axis.ts';
import type { Relayout } from './rule.ts';

/**
 * Swin's patch merging joins the four pixels of a 2×2 patch into 4C channels. The official code, torchvision and timm
 * put one whole pixel after the other, (row, column) = (0,0), (1,0), (0,1), (1,1); current mmdetection uses
 * `nn.Unfold`: pixels in reading order (0,0), (0,1), (1,0), (1,1), interleaved so that each channel's four come together.
 */
const READING_ORDER = [0, 2, 1, 3];

/** Axis 1 of `reduction.weight` [2C, 4C], axis 0 of `norm.weight` and `norm.bias` [4C]. */
export const MERGING_TO_UNFOLD: Relayout = {
  apply: (tensor) => permuteAxis(tensor, channelAxis(tensor), unfoldOrder(channelCount(tensor))),
  undo: (tensor) => permuteAxis(tensor, channelAxis(tensor), inverseOrder(unfoldOrder(channelCount(tensor)))),
};

function channelAxis(tensor: HostTensor): number {
  return tensor.shape.length - 1;
}

function channelCount(tensor: HostTensor): number {
  return tensor.shape[channelAxis(tensor)]!;
}

function unfoldOrder(joined: number): number[] {
  const channels = joined / 4;
  return Array.from(
    { length: joined },
    (_, index) => READING_ORDER[index % 4]! * channels + Math.floor(index / 4),
  );
}
