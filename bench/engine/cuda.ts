/** For cuda.sh: `cuda.ts ours WORK` writes the work and times our training step; `cuda.ts compare OURS PEER` prints the ratio. */
import { readFileSync } from 'node:fs';
import { openEngine, withAutocast } from '@cassl/engine';
import { condinstJob, writeCondinstWork } from './condinst.ts';

const size = { batchSize: 16, size: 640 };
const warmUp = 10;
const steps = 50;

const [verb, first = '', second = ''] = process.argv.slice(2);
if (verb === 'compare') {
  const [ours, peer] = [first, second].map(
    (file) => JSON.parse(readFileSync(file, 'utf8')) as { imagesPerSecond: number },
  );
  const ratio = Number((ours!.imagesPerSecond / peer!.imagesPerSecond).toPrecision(4));
  console.log(JSON.stringify({ ours, peer, ratio }));
} else {
  const silent = { info: () => undefined, warn: () => undefined };
  const engine = await openEngine({ engine: 'torch', logger: silent });
  writeCondinstWork(first, size);
  const job = condinstJob(size);
  const run = () => withAutocast('bf16', job);
  for (let step = 0; step < warmUp; step++) run();
  const start = performance.now();
  for (let step = 0; step < steps; step++) run();
  const milliseconds = (performance.now() - start) / steps;
  const imagesPerSecond = (size.batchSize * 1000) / milliseconds;
  const { device, version } = engine;
  console.log(
    JSON.stringify({ device, version, milliseconds, imagesPerSecond, fallbacks: engine.fallbacks() }),
  );
}
