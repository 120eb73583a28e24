import { conv2d } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Convolutions as in a ResNet-18 detector (trunk, pyramid of P3 to P5, a tower of two): every layer is conv + bias + ReLU.
 * `peer.py` has the same in PyTorch.
 */
export interface Stack {
  forward(images: tf.Tensor4D): tf.Scalar;
  readonly variables: tf.Variable[];
}

const widths = [64, 128, 256, 512] as const;
const pyramidWidth = 128;

export function createStack(): Stack {
  const variables: tf.Variable[] = [];
  const layer = (inputs: number, outputs: number, size: number, stride = 1) => {
    const deviation = Math.sqrt(2 / (inputs * size * size));
    const filter = tf.variable(tf.randomNormal([size, size, inputs, outputs], 0, deviation));
    const bias = tf.variable(tf.zeros([outputs]));
    variables.push(filter, bias);
    return (x: tf.Tensor4D) =>
      conv2d(x, filter as unknown as tf.Tensor4D, {
        bias: bias as unknown as tf.Tensor1D,
        stride,
        padding: (size - 1) / 2,
        activation: 'relu',
      });
  };

  const stem = layer(3, 64, 7, 2);
  const blocks = widths.map((width, stage) =>
    [0, 1].map((index) => {
      const inputs = index === 0 ? widths[Math.max(0, stage - 1)]! : width;
      const stride = index === 0 && stage > 0 ? 2 : 1;
      const shortcut = stride === 2 ? layer(inputs, width, 1, 2) : undefined;
      const first = layer(inputs, width, 3, stride);
      const second = layer(width, width, 3);
      return (x: tf.Tensor4D) => tf.add<tf.Tensor4D>(second(first(x)), shortcut ? shortcut(x) : x);
    }),
  );
  const laterals = widths.slice(1).map((width) => layer(width, pyramidWidth, 1));
  const smooth = laterals.map(() => layer(pyramidWidth, pyramidWidth, 3));
  const tower = [layer(pyramidWidth, pyramidWidth, 3), layer(pyramidWidth, pyramidWidth, 3)];

  return {
    variables,
    forward(images) {
      let x = tf.maxPool(stem(images), 3, 2, 1);
      const maps = blocks.map((stage) => (x = stage.reduce((y, block) => block(y), x)));
      let merged: tf.Tensor4D | undefined;
      const sums: tf.Scalar[] = [];
      for (let level = 2; level >= 0; level--) {
        const lateral = laterals[level]!(maps[level + 1]!);
        const [height, width] = lateral.shape.slice(1, 3) as [number, number];
        merged = merged ? tf.add(lateral, tf.image.resizeNearestNeighbor(merged, [height, width])) : lateral;
        const features = tower.reduce((y, convolve) => convolve(y), smooth[level]!(merged));
        sums.push(tf.mean(features));
      }
      return tf.addN(sums);
    },
  };
}
