import * as tf from '@tensorflow/tfjs-core';

/** What a backend offers when it can compute in a lower precision. */
interface AutocastBackend {
  setAutocast?(mode: AutocastMode): void;
}

export type AutocastMode = 'bf16' | 'fp32';

let current: AutocastMode = 'fp32';

/**
 * Runs `compute` with convolutions, matMuls and attention in bfloat16 (products summed in float32) where the engine can;
 * tensors, weights and gradients stay float32. Without such an engine it changes nothing.
 */
export function withAutocast<T>(mode: AutocastMode, compute: () => T): T {
  const backend = tf.backend() as AutocastBackend;
  const before = current;
  current = mode;
  backend.setAutocast?.(mode);
  try {
    return compute();
  } finally {
    current = before;
    backend.setAutocast?.(before);
  }
}
