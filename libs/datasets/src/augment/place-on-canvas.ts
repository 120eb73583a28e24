import type { BinaryMask, RgbImage, TrainingInstance, TrainingSample } from '@cassl/vision';
import { clipBox, refit } from './tight-box.ts';

export interface CanvasOptions {
  readonly width: number;
  readonly height: number;
  /** Where the picture's left top corner goes; negative cuts off its left or top. Whole pixels. */
  readonly x: number;
  readonly y: number;
  /** Value of the canvas where the picture does not reach. */
  readonly fill: number;
  /** An instance that keeps a smaller share of its area than this is removed. @default 0: only empty ones are */
  readonly minVisible?: number;
}

/** Crops and pads in one step: the sample seen through a window of another size. */
export function placeOnCanvas(sample: TrainingSample, options: CanvasOptions): TrainingSample {
  const { width, height, x, y, fill, minVisible = 0 } = options;
  const { image } = sample;
  if (x === 0 && y === 0 && image.width === width && image.height === height) return sample;
  return {
    ...sample,
    image: moveImage(image, width, height, x, y, fill),
    instances: sample.instances.flatMap((instance) => {
      const [x1, y1, x2, y2] = instance.box;
      const box = [x1 + x, y1 + y, x2 + x, y2 + y] as const;
      if (visibleShare(box, { width, height }) <= 0) return [];
      const mask = instance.mask === undefined ? undefined : moveMask(instance.mask, width, height, x, y);
      const moved = refit(instance, box, mask, { width, height });
      return moved === undefined || shareLeft(instance, moved) < minVisible ? [] : moved;
    }),
  };
}

function shareLeft(before: TrainingInstance, after: TrainingInstance): number {
  if (before.mask !== undefined && after.mask !== undefined) {
    return countPixels(after.mask) / Math.max(1, countPixels(before.mask));
  }
  return boxArea(after.box) / boxArea(before.box);
}

function visibleShare(
  box: TrainingInstance['box'],
  size: { readonly width: number; readonly height: number },
): number {
  return boxArea(clipBox(box, size)) / boxArea(box);
}

function boxArea([x1, y1, x2, y2]: TrainingInstance['box']): number {
  return (x2 - x1) * (y2 - y1);
}

function countPixels({ data }: BinaryMask): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) count += data[i]!;
  return count;
}

function moveImage(
  image: RgbImage,
  width: number,
  height: number,
  x: number,
  y: number,
  fill: number,
): RgbImage {
  const data = new Uint8Array(width * height * 3);
  if (fill !== 0) data.fill(fill);
  copyRows(image.data, image, 3, data, { width, height }, x, y);
  return { width, height, data };
}

function moveMask(mask: BinaryMask, width: number, height: number, x: number, y: number): BinaryMask {
  const data = new Uint8Array(width * height);
  copyRows(mask.data, mask, 1, data, { width, height }, x, y);
  return { width, height, data };
}

function copyRows(
  from: Uint8Array,
  fromSize: { readonly width: number; readonly height: number },
  channels: number,
  to: Uint8Array,
  toSize: { readonly width: number; readonly height: number },
  x: number,
  y: number,
): void {
  const left = Math.max(0, x);
  const right = Math.min(toSize.width, x + fromSize.width);
  if (right <= left) return;
  for (let row = Math.max(0, y); row < Math.min(toSize.height, y + fromSize.height); row++) {
    const start = ((row - y) * fromSize.width + left - x) * channels;
    const end = start + (right - left) * channels;
    to.set(from.subarray(start, end), (row * toSize.width + left) * channels);
  }
}
