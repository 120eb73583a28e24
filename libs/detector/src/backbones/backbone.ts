import type * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../random.ts';

export interface ForwardContext {
  /** Drop path on, live batch norms use and update batch statistics. */
  readonly training: boolean;
  /** For drop path; advances with every draw. */
  readonly random: RandomStream;
  /** Where these images stand in the batch that several processes share; absent: they are all of it. */
  readonly part?: { readonly firstImage: number; readonly images: number };
}

/** One output of a backbone: C2 has stride 4, C5 has stride 32. */
export interface BackboneStage {
  /** k of C_k; stride = 2^k. */
  readonly level: number;
  readonly channels: number;
}

export interface Backbone {
  /** Fine to coarse, for example C2, C3, C4, C5. */
  readonly stages: readonly BackboneStage[];
  /** Normalised images [B, H, W, 3], H and W multiples of the coarsest stride → one map per stage, [B, H/2^k, W/2^k, C]. */
  forward(images: tf.Tensor4D, context: ForwardContext): tf.Tensor4D[];
}
