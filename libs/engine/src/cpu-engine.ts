import * as tf from '@tensorflow/tfjs-core';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';

/** tfjs's plain JavaScript backend: slow and exact, the reference that the other engines are compared with. */
export async function openCpuEngine(): Promise<Engine> {
  const { version_cpu: version } = await import('@tensorflow/tfjs-backend-cpu');
  // Its first use prints an advertisement for tfjs-node on stderr.
  (tf.findBackend('cpu') as { firstUse?: boolean }).firstUse = false;
  return createEngine({
    name: 'cpu',
    device: 'cpu',
    version: `tfjs-backend-cpu ${version}`,
    threads: 1,
    native: false,
  });
}
