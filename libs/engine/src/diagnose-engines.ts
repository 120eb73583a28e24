import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { EngineName } from './engine.ts';
import { openEngine } from './open-engine.ts';
import { conv2d } from './ops/conv2d.ts';

export interface EngineDiagnosis {
  readonly engine: EngineName;
  readonly usable: boolean;
  readonly device?: string;
  readonly version?: string;
  readonly threads?: number;
  /** A 3×3 convolution of 64 channels, forward and backward. */
  readonly trainingGflops?: number;
  /** Why it does not open, and how to get it. */
  readonly missing?: string;
}

/** What opens here, how fast each is, and what to do about those that do not. About ten seconds. */
export async function diagnoseEngines(): Promise<EngineDiagnosis[]> {
  const found: EngineDiagnosis[] = [];
  for (const engine of ['torch', 'tensorflow', 'wasm'] as const) found.push(await diagnose(engine));
  return found;
}

/** The NVIDIA driver's devices are visible to this process. */
export function hasGpu(): boolean {
  return existsSync('/dev/nvidia0');
}

async function diagnose(name: EngineName): Promise<EngineDiagnosis> {
  try {
    const silent = { info: () => undefined, warn: () => undefined };
    const { device, version, threads } = await openEngine({ engine: name, logger: silent });
    return { engine: name, usable: true, device, version, threads, trainingGflops: await measureTraining() };
  } catch (error) {
    return {
      engine: name,
      usable: false,
      missing: error instanceof Error ? error.message : JSON.stringify(error),
    };
  }
}

const shape: [number, number, number, number] = [4, 64, 64, 64];
const measureMs = 2500;

async function measureTraining(): Promise<number> {
  const x = tf.randomNormal<tf.Rank.R4>(shape);
  const filter = tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 64, 64]));
  const step = async () => {
    const gradients = tf.tidy(() =>
      tf.grads((x, filter) => tf.sum(conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { padding: 1 })))([
        x,
        filter,
      ]),
    );
    await gradients[1]!.data();
    tf.dispose(gradients);
  };
  await step();
  const start = performance.now();
  let steps = 0;
  while (performance.now() - start < measureMs) {
    await step();
    steps += 1;
  }
  const seconds = (performance.now() - start) / 1000;
  tf.dispose([x, filter]);
  const pixels = shape[0] * shape[1] * shape[2];
  // Multiply and add, forward and both gradients.
  return (6 * pixels * 9 * 64 * 64 * steps) / seconds / 1e9;
}
