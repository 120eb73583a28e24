import type { BinaryMask, RgbImage, TrainingInstance, TrainingSample } from '@cassl/vision';
import { type RandomStream, randomStream } from '../random.ts';

const COLOURS = [
  [220, 40, 40],
  [40, 200, 60],
  [50, 70, 230],
] as const;

/** Coloured rectangles (category 0), discs (1) and triangles (2) on noise, with their exact masks. For tests. */
export function shapeSamples(count: number, size: number, seed: number): TrainingSample[] {
  const random = randomStream(seed);
  return Array.from({ length: count }, (_, index) => shapeSample(`shapes-${seed}-${index}`, size, random));
}

function shapeSample(key: string, size: number, random: RandomStream): TrainingSample {
  const image: RgbImage = { width: size, height: size, data: new Uint8Array(size * size * 3) };
  for (let index = 0; index < image.data.length; index++) image.data[index] = 90 + 40 * random();
  const count = 2 + Math.floor(random() * 2);
  // Each shape has a quarter of the picture of its own, so that masks never meet.
  const quarters = [0, 1, 2, 3].sort(() => random() - 0.5).slice(0, count);
  return { key, image, instances: quarters.map((quarter) => drawShape(image, quarter, random)) };
}

function drawShape(image: RgbImage, quarter: number, random: RandomStream): TrainingInstance {
  const half = image.width / 2;
  const category = Math.floor(random() * 3);
  const width = Math.floor(half * (0.35 + 0.55 * random()));
  const height = Math.floor(half * (0.35 + 0.55 * random()));
  const x1 = (quarter % 2) * half + Math.floor(random() * (half - width));
  const y1 = Math.floor(quarter / 2) * half + Math.floor(random() * (half - height));
  const mask: BinaryMask = {
    width: image.width,
    height: image.height,
    data: new Uint8Array(image.width * image.height),
  };
  for (let y = y1; y < y1 + height; y++) {
    for (let x = x1; x < x1 + width; x++) {
      const u = (2 * (x - x1 + 0.5)) / width - 1;
      const v = (2 * (y - y1 + 0.5)) / height - 1;
      const inside = [true, u * u + v * v <= 1, Math.abs(u) <= (v + 1) / 2][category]!;
      if (!inside) continue;
      const pixel = y * image.width + x;
      mask.data[pixel] = 1;
      COLOURS[category]!.forEach((value, channel) => {
        image.data[pixel * 3 + channel] = value;
      });
    }
  }
  return { box: tightBox(mask), category, mask };
}

function tightBox({ width, height, data }: BinaryMask): [number, number, number, number] {
  let [x1, y1, x2, y2] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] === 0) continue;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
  }
  return [x1, y1, x2, y2];
}
