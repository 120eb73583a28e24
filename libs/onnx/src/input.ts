import type { Builder } from './graph/builder.ts';
import type { Value } from './graph/graph.ts';

/**
 * RGB images [B, 3, H, W] on a 0–255 scale → what the network reads, with zeros below and right up to the next multiple of
 * `sizeDivisor`. A pixel that equals the mean becomes exactly 0, so that callers pad smaller images of a batch with it.
 */
export function normalisedInput(build: Builder, images: Value): Value {
  const { channelOrder, pixelMean, pixelStd, sizeDivisor } = build.config;
  const ordered =
    channelOrder === 'rgb' ? images : build.add('Gather', [images, build.ints([2, 1, 0])], { axis: 1 });
  const shape = [1, 3, 1, 1];
  const centered = build.add('Sub', [ordered, build.floats(pixelMean, shape)]);
  const scale = pixelStd.map((deviation) => Math.fround(1 / deviation));
  const normalised = build.add('Mul', [centered, build.floats(scale, shape)]);
  const { sides } = build;
  const [below, right] = [2, 3].map((axis) => sides.missing(sides.of(images, axis), sizeDivisor)) as [
    Value,
    Value,
  ];
  return build.add('Pad', [normalised, sides.join([0, 0, 0, 0, 0, 0, below, right])]);
}
