import * as tf from '@tensorflow/tfjs-core';

export type AutocastMode = 'bf16' | 'fp32';

/** Sets the mode and returns the one before. */
type SetAutocast = (mode: AutocastMode) => AutocastMode;

const providers = new Map<string, SetAutocast>();

/** Called by an engine that can compute in bfloat16, under its tfjs backend's name. */
export function provideAutocast(backendName: string, setAutocast: SetAutocast): void {
  providers.set(backendName, setAutocast);
}

/**
 * Runs `compute` with convolutions, matMuls and attention in bfloat16 (products summed in float32) where the engine can;
 * tensors, weights and gradients stay float32. On other engines it changes nothing.
 */
export function withAutocast<T>(mode: AutocastMode, compute: () => T): T {
  const setAutocast = providers.get(tf.getBackend());
  if (setAutocast === undefined) return compute();
  const before = setAutocast(mode);
  try {
    return compute();
  } finally {
    setAutocast(before);
  }
}
