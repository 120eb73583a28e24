import type { BinaryMask, RgbImage } from '@cassl/vision';

/** Pixels read for one output pixel: `count` inputs from `start`, weighted by 22-bit fixed-point numbers. */
interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
  /** Weights per output pixel, padded. */
  readonly stride: number;
}

const precisionBits = 22;
const half = 1 << (precisionBits - 1);

/**
 * Bilinear resize by Pillow's definition, bit for bit: a triangle filter that widens when it shrinks (antialiasing), 22-bit
 * weights, the horizontal pass first, each pass rounded to 8 bits. Runs on the calling thread, for small pictures.
 */
export function resizeBilinear(image: RgbImage, width: number, height: number): RgbImage {
  const wide = image.width === width ? image : resizeRows(image, width);
  return image.height === height ? wide : resizeColumns(wide, height);
}

function resizeRows({ width: inputWidth, height, data }: RgbImage, width: number): RgbImage {
  const { starts, counts, weights, stride } = triangleTaps(inputWidth, width);
  const resized = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * inputWidth * 3;
    for (let x = 0; x < width; x++, to += 3) {
      let red = half;
      let green = half;
      let blue = half;
      let from = row + starts[x]! * 3;
      const first = x * stride;
      for (let tap = first, end = first + counts[x]!; tap < end; tap++, from += 3) {
        const weight = weights[tap]!;
        red += data[from]! * weight;
        green += data[from + 1]! * weight;
        blue += data[from + 2]! * weight;
      }
      resized[to] = red >> precisionBits;
      resized[to + 1] = green >> precisionBits;
      resized[to + 2] = blue >> precisionBits;
    }
  }
  return { width, height, data: resized };
}

function resizeColumns({ width, height: inputHeight, data }: RgbImage, height: number): RgbImage {
  const { starts, counts, weights, stride } = triangleTaps(inputHeight, height);
  const rowLength = width * 3;
  const resized = new Uint8Array(rowLength * height);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    for (let tap = 0; tap < counts[y]!; tap++) {
      const weight = weights[y * stride + tap]!;
      const from = (starts[y]! + tap) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x]! += data[from + x]! * weight;
    }
    const to = y * rowLength;
    for (let x = 0; x < rowLength; x++) resized[to + x] = sums[x]! >> precisionBits;
  }
  return { width, height, data: resized };
}

function triangleTaps(inputSize: number, outputSize: number): Taps {
  const scale = inputSize / outputSize;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const taps: Taps = {
    starts: new Int32Array(outputSize),
    counts: new Int32Array(outputSize),
    weights: new Int32Array(outputSize * stride),
    stride,
  };
  const raw = new Float64Array(stride);
  for (let output = 0; output < outputSize; output++) {
    const center = (output + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const count = Math.min(Math.trunc(center + support + 0.5), inputSize) - start;
    let total = 0;
    for (let tap = 0; tap < count; tap++) {
      const distance = Math.abs((start + tap - center + 0.5) / support);
      raw[tap] = distance < 1 ? 1 - distance : 0;
      total += raw[tap]!;
    }
    for (let tap = 0; tap < count; tap++) {
      taps.weights[output * stride + tap] = Math.trunc(0.5 + (raw[tap]! / total) * (1 << precisionBits));
    }
    taps.starts[output] = start;
    taps.counts[output] = count;
  }
  return taps;
}

/** Nearest neighbour by Pillow's definition: output pixel x reads input pixel floor((x + 0.5) * scale). */
export function resizeNearest(image: RgbImage, width: number, height: number): RgbImage {
  const columns = nearestIndices(image.width, width);
  const rows = nearestIndices(image.height, height);
  const resized = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = rows[y]! * image.width;
    for (let x = 0; x < width; x++, to += 3) {
      const from = (row + columns[x]!) * 3;
      resized[to] = image.data[from]!;
      resized[to + 1] = image.data[from + 1]!;
      resized[to + 2] = image.data[from + 2]!;
    }
  }
  return { width, height, data: resized };
}

/** As {@link resizeNearest}, for a mask: it stays binary. */
export function resizeMask(mask: BinaryMask, width: number, height: number): BinaryMask {
  const columns = nearestIndices(mask.width, width);
  const rows = nearestIndices(mask.height, height);
  const resized = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const row = rows[y]! * mask.width;
    for (let x = 0; x < width; x++, to++) resized[to] = mask.data[row + columns[x]!]!;
  }
  return { width, height, data: resized };
}

function nearestIndices(inputSize: number, outputSize: number): Int32Array {
  const scale = inputSize / outputSize;
  return Int32Array.from({ length: outputSize }, (_, output) =>
    Math.min(Math.floor((output + 0.5) * scale), inputSize - 1),
  );
}
