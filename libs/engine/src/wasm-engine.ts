import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { getThreadsCount, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';
import { registerTrainingKernels } from './wasm/register-training-kernels.ts';
import { createThreadedBackend } from './wasm/threaded-backend.ts';

/** What the package's C++ takes at most. */
const mostThreads = 8;

/** `@tensorflow/tfjs-backend-wasm`: npm alone, so always there; with threads and with the gradient kernels it lacks. */
export async function openWasmEngine(options: { readonly threads?: number }): Promise<Engine> {
  const threads = Math.min(options.threads ?? defaultThreads(), mostThreads);
  tf.removeBackend('wasm');
  const backend = await createThreadedBackend(threads);
  // `tf.engine().reset()`, which is for tests, disposes a backend and asks for another: eight new threads each time.
  backend.dispose = () => undefined;
  tf.registerBackend('wasm', () => backend);
  registerTrainingKernels();
  await tf.setBackend('wasm');
  return createEngine({
    name: 'wasm',
    device: 'cpu',
    version: `tfjs-backend-wasm ${version_wasm}`,
    threads: getThreadsCount(),
    native: false,
  });
}

function defaultThreads(): number {
  const wanted = Number(process.env['OMP_NUM_THREADS']);
  return Number.isInteger(wanted) && wanted > 0 ? wanted : availableParallelism();
}
