import type * as tf from '@tensorflow/tfjs-core';

export interface Conv2dOptions {
  /** [O] */
  readonly bias?: tf.Tensor1D | undefined;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros added on all four sides. Default 0. */
  readonly padding?: number;
  /** Distance between the filter's taps. Default 1. */
  readonly dilation?: number;
  /** Input and output channels are split into this many convolutions of their own. Default 1. */
  readonly groups?: number;
  /** Default 'linear'. */
  readonly activation?: 'linear' | 'relu';
}

export type CompiledConv2dOptions = Required<Omit<Conv2dOptions, 'bias'>> & Pick<Conv2dOptions, 'bias'>;
