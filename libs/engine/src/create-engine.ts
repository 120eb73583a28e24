import * as tf from '@tensorflow/tfjs-core';
import type { Engine, KernelFallback } from './engine.ts';

type EngineFacts = Pick<Engine, 'name' | 'device' | 'version' | 'threads' | 'native'> & {
  readonly fallbacks?: () => readonly KernelFallback[];
  readonly deviceBytes?: () => number;
  /** For an engine with more than one device. */
  readonly useDevice?: () => void;
};

/** Completes an engine's facts with what TensorFlow.js itself knows. */
export function createEngine({ fallbacks, deviceBytes, useDevice, ...facts }: EngineFacts): Engine {
  return Object.freeze({
    ...facts,
    fallbacks: fallbacks ?? (() => []),
    memory: () => {
      const { numTensors, numBytes } = tf.memory();
      return {
        tensors: numTensors,
        tensorBytes: numBytes,
        residentBytes: process.memoryUsage.rss(),
        deviceBytes: deviceBytes?.() ?? 0,
      };
    },
    use: async () => {
      await tf.setBackend(facts.name);
      useDevice?.();
    },
  });
}
