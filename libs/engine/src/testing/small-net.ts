import * as tf from '@tensorflow/tfjs-core';
import { conv2d } from '../ops/conv2d.ts';
import { groupNorm } from '../ops/group-norm.ts';
import { sigmoidFocalLoss } from '../ops/sigmoid-focal-loss.ts';
import type { NamedVariable, ParameterOptimizer } from '../optimizers/parameter-optimizer.ts';
import { createSgd } from '../optimizers/sgd.ts';
import { randomValues } from './random-values.ts';

/** Three convolutions with what a detector has around them: stride, group norm, pooling, a residual, focal loss. */
export interface SmallNet {
  readonly parameters: readonly NamedVariable[];
  readonly optimizer: ParameterOptimizer;
  /** One SGD step on batch `index`; the loss before it. */
  step(index: number): number;
  dispose(): void;
}

export const smallNetShapes: Readonly<Record<string, number[]>> = {
  'stem.weight': [3, 3, 3, 8],
  'stem.bias': [8],
  'norm.weight': [8],
  'norm.bias': [8],
  'block.weight': [3, 3, 8, 8],
  'block.bias': [8],
  'head.weight': [1, 1, 8, 4],
  'head.bias': [4],
};

export const smallNetImages: [number, number, number, number] = [2, 16, 16, 3];
export const smallNetSgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 1e-4 };

/** Convolution weights small, norm gains 1, biases 0, by name. */
export function initialValues(name: string, index: number): Float32Array {
  const size = smallNetShapes[name]!.reduce((product, extent) => product * extent, 1);
  if (name === 'norm.weight') return new Float32Array(size).fill(1);
  if (name.endsWith('.bias')) return new Float32Array(size);
  return randomValues(size, 10 + index).map((value) => value * 0.2);
}

/** Images of batch `index`; its targets are 1 where the mean of a 4×4 cell's red is positive. */
export function batchImages(index: number): Float32Array {
  return randomValues(
    smallNetImages.reduce((product, extent) => product * extent, 1),
    1000 + index,
  );
}

export function createSmallNet(): SmallNet {
  const parameters = Object.entries(smallNetShapes).map(([name, shape], index) => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor(initialValues(name, index), shape))),
  }));
  const { learningRate, momentum, weightDecay } = smallNetSgd;
  const optimizer = createSgd({ parameters, momentum, weightDecay: () => weightDecay });
  const variables = parameters.map(({ variable }) => variable);
  return {
    parameters,
    optimizer,
    step: (index) =>
      tf.tidy(() => {
        const images = tf.tensor4d(batchImages(index), smallNetImages);
        const { value, grads } = tf.variableGrads(() => loss(images, variables), variables);
        const gradients = Object.fromEntries(
          parameters.map(({ name, variable }) => [name, grads[variable.name]!]),
        );
        optimizer.step(gradients, learningRate);
        return value.dataSync()[0]!;
      }),
    dispose() {
      optimizer.dispose();
      tf.dispose(variables);
    },
  };
}

function loss(images: tf.Tensor4D, variables: readonly tf.Variable[]): tf.Scalar {
  const [stem, stemBias, gain, shift, block, blockBias, head, headBias] = variables as unknown as [
    tf.Tensor4D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor4D,
    tf.Tensor1D,
    tf.Tensor4D,
    tf.Tensor1D,
  ];
  const first = conv2d(images, stem, { bias: stemBias, stride: 2, padding: 1 });
  const normal = tf.relu(groupNorm(first, gain, shift, 2));
  const second = tf.add<tf.Tensor4D>(
    conv2d(normal, block, { bias: blockBias, padding: 1, activation: 'relu' }),
    normal,
  );
  const logits = conv2d(tf.maxPool(second, 2, 2, 'valid'), head, { bias: headBias });
  const red = tf.slice(images, [0, 0, 0, 0], [-1, -1, -1, 1]);
  const positive = tf.cast(tf.greater(tf.avgPool(red, 4, 4, 'valid'), 0), 'float32');
  return tf.mean(sigmoidFocalLoss(logits, tf.tile(positive, [1, 1, 1, 4])));
}
