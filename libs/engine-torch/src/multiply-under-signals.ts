import * as tf from '@tensorflow/tfjs-core';
import { Worker } from 'node:worker_threads';
import { registerTorchBackend } from './index.ts';

/**
 * Multiplies matrices deep enough that oneDNN works off the stack (`native/signals.h`), for `process.argv[2]` milliseconds;
 * with the name of a signal as `process.argv[3]`, a worker thread sends it to this process all the while. Prints how often
 * the signal was handled and how many products were made; run by signals.test.ts in a process of its own, which a corrupt
 * heap would end.
 */
const milliseconds = Number(process.argv[2]);
const signal = process.argv[3] as NodeJS.Signals | undefined;

registerTorchBackend({ device: 'cpu', threads: 2 });
await tf.setBackend('torch');

let handled = 0;
const sender = signal && startSender(signal);
const pairs = [100, 300, 1000, 9000].map(
  (depth) => [tf.ones([3, 60, depth]), tf.ones([3, depth, 60])] as const,
);
let products = 0;
for (const end = performance.now() + milliseconds; performance.now() < end;) {
  const [a, b] = pairs[products++ % pairs.length]!;
  tf.tidy(() => void tf.matMul(a, b).dataSync());
  await new Promise(setImmediate);
}
await sender?.terminate();
console.log(JSON.stringify({ products, handled }));

function startSender(name: NodeJS.Signals): Worker {
  process.on(name, () => void handled++);
  const endless = `for (;;) { process.kill(process.pid, '${name}'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.1); }`;
  return new Worker(endless, { eval: true });
}
