/**
 * `node bench/engine/soak.ts [ENGINE] [STEPS]`: trains a small detector on random scenes and prints, every 100 steps,
 * resident memory and live tensors as JSON. Ends with exit code 1 where memory grows or tensors stay behind after the
 * first 100.
 */
import { openEngine, createSgd, type EngineName } from '@cassl/engine';
import { createDetector, detectorPreset } from '@cassl/detector';
import { randomBatch } from './random-batch.ts';

const [name = 'torch', steps = '2000'] = process.argv.slice(2);
/** The allocator's own breathing, measured: 2 % of what a run holds. */
const mostGrowth = 1.02;

const engine = await openEngine({ engine: name as EngineName });
const detector = createDetector(detectorPreset('tiny'), { seed: 0 });
const optimizer = createSgd({ parameters: detector.trainable, momentum: 0.9, weightDecay: () => 1e-4 });
const batches = [0, 1, 2, 3].map((seed) => randomBatch(detector.config, { batchSize: 2, size: 128, seed }));
const samples: { step: number; residentMiB: number; tensors: number }[] = [];
for (let step = 1; step <= Number(steps); step++) {
  const result = detector.gradients(batches[step % batches.length]!);
  optimizer.step(result.gradients, 1e-3);
  result.losses.dataSync();
  result.dispose();
  if (step % 100 === 0) {
    globalThis.gc?.();
    const { residentBytes, tensors } = engine.memory();
    samples.push({ step, residentMiB: Math.round(residentBytes / 2 ** 20), tensors });
    console.log(JSON.stringify(samples.at(-1)));
  }
}
const [first, last] = [samples[0]!, samples.at(-1)!];
const flat = last.residentMiB <= first.residentMiB * mostGrowth && last.tensors === first.tensors;
console.log(
  JSON.stringify({
    engine: engine.name,
    steps: Number(steps),
    flat,
    first,
    last,
    fallbacks: engine.fallbacks(),
  }),
);
if (!flat) process.exitCode = 1;
