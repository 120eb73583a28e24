import * as tf from '@tensorflow/tfjs-core';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadTorchAddon } from './native-addon.ts';
import { registerTorchBackend } from './index.ts';

/**
 * Leaves in the middle of work, in the way that `process.argv[2]` names; run by leaving.test.ts in a process of its own,
 * whose exit code tells whether anything was torn down under a running operation.
 */
const ways = {
  'two workers are terminated': async () => {
    const workers = [startWorker('work for ever'), startWorker('work for ever')];
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await Promise.all(workers.map((worker) => worker.terminate()));
  },
  'two workers end by themselves': async () => {
    const workers = [startWorker('work a little'), startWorker('work a little')];
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
  },
  'process.exit with workers at work': async () => {
    const workers = [startWorker('work for ever'), startWorker('work for ever')];
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    process.exit(0);
  },
  'process.exit with reads under way': () => {
    readWithoutEnd();
    process.exit(0);
  },
  'an error that nobody catches': async () => {
    setTimeout(() => {
      throw new Error('nobody catches this');
    }, 100);
    await workForEver();
  },
  'work for ever': workForEver,
  'work a little': openBackend,
};

type Way = keyof typeof ways;

await ways[(isMainThread ? process.argv[2] : workerData) as Way]();

function startWorker(way: Way): Worker {
  return new Worker(new URL(import.meta.url), { workerData: way });
}

async function openBackend(): Promise<void> {
  registerTorchBackend({ device: 'cpu', threads: 2 });
  await tf.setBackend('torch');
  multiply();
  parentPort?.postMessage('at work');
}

async function workForEver(): Promise<never> {
  await openBackend();
  for (;;) {
    multiply();
    await new Promise(setImmediate);
  }
}

function multiply(): void {
  tf.tidy(() => tf.matMul(tf.ones([300, 300]), tf.ones([300, 300])).dataSync());
}

function readWithoutEnd(): void {
  const addon = loadTorchAddon();
  const length = 1 << 20;
  const handle = addon.upload(new Float32Array(length), 0, [length]);
  for (let read = 0; read < 50; read++) void addon.downloadAsync(handle, new Float32Array(length));
}
