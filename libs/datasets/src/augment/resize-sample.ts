import type { RgbImage, TrainingSample } from '@cassl/vision';
import { resizeBilinear, resizeMask, resizeNearest } from './resize-picture.ts';
import { refit } from './tight-box.ts';

export interface ResizeSampleOptions {
  readonly width: number;
  readonly height: number;
  /** @default 'bilinear' */
  readonly interpolation?: 'bilinear' | 'nearest';
}

/** The sample at another size: picture bilinear, masks nearest, boxes measured from the masks or scaled. */
export function resizeSample(
  sample: TrainingSample,
  { width, height, interpolation = 'bilinear' }: ResizeSampleOptions,
): TrainingSample {
  const { image } = sample;
  if (image.width === width && image.height === height) return sample;
  const scaleX = width / image.width;
  const scaleY = height / image.height;
  const resizePicture: (image: RgbImage, width: number, height: number) => RgbImage =
    interpolation === 'bilinear' ? resizeBilinear : resizeNearest;
  return {
    ...sample,
    image: resizePicture(image, width, height),
    instances: sample.instances.flatMap((instance) => {
      const [x1, y1, x2, y2] = instance.box;
      const mask = instance.mask === undefined ? undefined : resizeMask(instance.mask, width, height);
      const box = [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY] as const;
      return refit(instance, box, mask, { width, height }) ?? [];
    }),
  };
}
