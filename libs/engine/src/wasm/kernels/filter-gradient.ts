import * as tf from '@tensorflow/tfjs-core';
import { columnWindows } from './column-windows.ts';

type Geometry = tf.backend_util.Conv2DInfo;

/** Output pixels in one product: more would leave the processor's cache and add up more numbers in one float32. */
const pixelsAtOnce = 8192;

/**
 * A convolution's filter gradient, dF[r, c, i, o] = Σ x[n, s·h + r, s·w + c, i] · dy[n, h, w, o], as a convolution of
 * `columnWindows` (an image of rows s·h + r, columns (c, i) and channels (w, n)) with dy as a filter of Ho rows s apart:
 * its output is [kh, kw·I, O], the gradient as it lies in memory. Of 11 shapes of a ResNet-18 detector this was the
 * fastest or within 6 % of it in all, against a dilated convolution with N channels and against a matMul per tap.
 */
export function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, geometry: Geometry): tf.Tensor4D {
  const { filterHeight, filterWidth, inChannels, outChannels } = geometry;
  const shape: [number, number, number, number] = [filterHeight, filterWidth, inChannels, outChannels];
  let total: tf.Tensor | undefined;
  for (const block of blocks(geometry)) {
    const before = total;
    total = tf.tidy(() => {
      const part = blockGradient(x, dy, block, geometry);
      return before ? tf.add(before, part) : part;
    });
    before?.dispose();
  }
  return total ? tf.reshape(total, shape) : tf.zeros(shape);
}

/** Some output rows of some images. */
interface Block {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

/** Whole images, as many as fit, or equal shares of one. */
function* blocks({ batchSize, outHeight, outWidth }: Geometry): Generator<Block> {
  const mostImages = Math.max(1, Math.floor(pixelsAtOnce / (outHeight * outWidth)));
  const shares = Math.ceil((outHeight * outWidth) / pixelsAtOnce);
  const mostRows = Math.ceil(outHeight / shares);
  for (let image = 0; image < batchSize; image += mostImages) {
    const images = Math.min(mostImages, batchSize - image);
    for (let row = 0; row < outHeight; row += mostRows) {
      yield { image, images, row, rows: Math.min(mostRows, outHeight - row) };
    }
  }
}

function blockGradient(x: tf.Tensor4D, dy: tf.Tensor4D, block: Block, geometry: Geometry): tf.Tensor4D {
  const { outWidth, filterHeight, filterWidth, strideHeight, inHeight, inChannels, outChannels } = geometry;
  const gradient = take(dy, block);
  // Input rows, counted from the image's own first one: those outside it are zeros.
  const begin = block.row * strideHeight - geometry.padInfo.top;
  const seenRows = (block.rows - 1) * strideHeight + filterHeight;
  const first = Math.min(inHeight, Math.max(0, begin));
  const end = Math.max(first, Math.min(inHeight, begin + seenRows));
  const seen = take(x, { ...block, row: first, rows: end - first });
  const windows = columnWindows(seen, { rows: seenRows, top: first - begin }, geometry);
  const channels = outWidth * block.images;
  const image = tf.reshape(windows, [1, seenRows, filterWidth * inChannels, channels]);
  const filter = tf.reshape(tf.transpose(gradient, [1, 2, 0, 3]), [block.rows, 1, channels, outChannels]);
  return tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', [strideHeight, 1]);
}

function take(x: tf.Tensor4D, { image, images, row, rows }: Block): tf.Tensor4D {
  if (images === x.shape[0] && rows === x.shape[1]) return x;
  return tf.slice(x, [image, row, 0, 0], [images, rows, -1, -1]);
}
