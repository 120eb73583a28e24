import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';

const require = createRequire(import.meta.url);

/** `@tensorflow/tfjs-backend-wasm`: npm alone, so always there. */
export async function openWasmEngine(_options: { readonly threads?: number }): Promise<Engine> {
  const { setWasmPaths, version_wasm: version } = await import('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  return createEngine({
    name: 'wasm',
    device: 'cpu',
    version: `tfjs-backend-wasm ${version}`,
    threads: 1,
    native: false,
  });
}
