import type { BinaryMask, RgbImage, TrainingSample } from '@cassl/vision';

/** Mirrors left and right: x becomes width - x. */
export function flipHorizontally(sample: TrainingSample): TrainingSample {
  const { width } = sample.image;
  return {
    ...sample,
    image: flipImage(sample.image),
    instances: sample.instances.map((instance) => {
      const [x1, y1, x2, y2] = instance.box;
      const { mask } = instance;
      const flipped = mask === undefined ? {} : { mask: flipMask(mask) };
      return { ...instance, box: [width - x2, y1, width - x1, y2], ...flipped };
    }),
  };
}

export function flipImage({ width, height, data }: RgbImage): RgbImage {
  const flipped = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    let from = (y + 1) * width * 3 - 3;
    for (let to = y * width * 3; to < (y + 1) * width * 3; to += 3, from -= 3) {
      flipped[to] = data[from]!;
      flipped[to + 1] = data[from + 1]!;
      flipped[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: flipped };
}

function flipMask({ width, height, data }: BinaryMask): BinaryMask {
  const flipped = new Uint8Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    flipped.set(data.subarray(row, row + width), row);
    flipped.subarray(row, row + width).reverse();
  }
  return { width, height, data: flipped };
}
