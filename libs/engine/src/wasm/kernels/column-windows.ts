import * as tf from '@tensorflow/tfjs-core';
import { allocate, copyRun, memoryWords, wordOffset } from '../memory.ts';

type Geometry = tf.backend_util.Conv2DInfo;

interface PaddedRows {
  readonly rows: number;
  /** Rows of zeros before the input's first; those after its last follow from `rows`. */
  readonly top: number;
}

/**
 * The zero-padded input as each column of the filter sees it, [rows, kw, I, Wo, N]: at [r, c, i, w, n] is
 * x[n, r - top, w·stride + c - left, i].
 *
 * @param x [N, H, W, I]
 */
export function columnWindows(x: tf.Tensor4D, { rows, top }: PaddedRows, geometry: Geometry): tf.Tensor {
  const [batch, height, width, channels] = x.shape;
  const { filterWidth, outWidth, strideWidth, padInfo } = geometry;
  const source = tf.transpose(x, [1, 3, 2, 0]);
  if (filterWidth === 1 && outWidth === width && rows === height) return source;
  const windows = allocate([rows, filterWidth, channels, outWidth, batch]);
  const words = memoryWords();
  const line = outWidth * batch;
  const rowSize = filterWidth * channels * line;
  for (let row = 0; row < rows; row++) {
    const y = row - top;
    const rowStart = wordOffset(windows) + row * rowSize;
    if (y < 0 || y >= height) {
      words.fill(0, rowStart, rowStart + rowSize);
      continue;
    }
    const sourceStart = wordOffset(source) + y * channels * width * batch;
    for (let tap = 0; tap < filterWidth; tap++) {
      const shift = tap - padInfo.left;
      const { first, end } = seenColumns(shift, strideWidth, width, outWidth);
      for (let channel = 0; channel < channels; channel++) {
        const to = rowStart + (tap * channels + channel) * line;
        const from = sourceStart + (channel * width + shift) * batch;
        words.fill(0, to, to + first * batch);
        if (strideWidth === 1) {
          copyRun(words, from + first * batch, to + first * batch, (end - first) * batch);
        } else {
          copyApart(words, from, to, { first, end, batch, stride: strideWidth });
        }
        words.fill(0, to + end * batch, to + line);
      }
    }
  }
  return windows;
}

/** The output columns whose input column, stride·w + shift, lies inside the image. */
function seenColumns(
  shift: number,
  stride: number,
  width: number,
  outWidth: number,
): { first: number; end: number } {
  const first = Math.min(outWidth, Math.max(0, Math.ceil(-shift / stride)));
  const end = Math.min(outWidth, Math.floor((width - 1 - shift) / stride) + 1);
  return { first, end: Math.max(first, end) };
}

interface Columns {
  readonly first: number;
  readonly end: number;
  readonly batch: number;
  readonly stride: number;
}

function copyApart(
  words: Int32Array,
  from: number,
  to: number,
  { first, end, batch, stride }: Columns,
): void {
  for (let column = first; column < end; column++) {
    const source = from + column * stride * batch;
    const target = to + column * batch;
    for (let image = 0; image < batch; image++) words[target + image] = words[source + image]!;
  }
}
