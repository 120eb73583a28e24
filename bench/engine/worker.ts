/**
 * `node worker.ts ENGINE THREADS`: reads one job's name a line from stdin, answers each with a line of JSON. So that two
 * programs can take turns on the same cores.
 */
import { createInterface } from 'node:readline';
import { openEngine, type EngineName } from '@cassl/engine';
import { condinstJob } from './condinst.ts';
import { stackJobs, tinyOps, type Job } from './jobs.ts';
import { openStockWasm } from './stock-wasm.ts';

const [name = 'torch', threads = '2'] = process.argv.slice(2);
const silent = { info: () => undefined, warn: () => undefined };
const engine = await openEngine({
  engine: (name === 'stock-wasm' ? 'cpu' : name) as EngineName,
  threads: Number(threads),
  logger: silent,
});
if (name === 'stock-wasm') await openStockWasm();

const jobs: Record<string, Job> = {
  ...stackJobs(),
  // Stock wasm lacks more than one kernel that the detector needs.
  ...(name !== 'stock-wasm' && { condinstStep: condinstJob() }),
};
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'tinyOps') answer(tinyOps());
  else if (line === 'facts') answer(facts());
  else answer({ ms: time(jobs[line]!) });
}

function time(job: Job): number {
  const start = performance.now();
  job();
  return performance.now() - start;
}

function facts(): object {
  const { device, version, threads } = engine;
  return {
    version,
    device,
    threads,
    fallbacks: engine.fallbacks(),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
