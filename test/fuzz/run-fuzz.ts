/**
 * `make fuzz SEED=1 N=1000000`: hands hostile inputs to every RPC, HTTP route and reader until there were N in all. What was done is
 * kept in out/fuzz/seed-1.json: the same command goes on there, also after `MINUTES` were over or Ctrl-C. Ends with 1 where an input
 * ended as none may, or a process took more memory than it should. One input again: `node test/fuzz/run-fuzz.ts --target http --number 7`.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Finding, FuzzTarget } from './fuzz-target.ts';
import { fuzzSlice } from './fuzz-slice.ts';
import { openPlatform } from './open-platform.ts';
import { peakMemory } from './peak-memory.ts';
import { readerTargets } from './reader-targets.ts';

interface Progress {
  readonly seed: number;
  /** Inputs that each target had. */
  readonly done: Record<string, number>;
  readonly codes: Record<string, Record<string, number>>;
  readonly findings: Finding[];
  /** MiB that each process had at most. */
  peaks: Record<string, number>;
  seconds: number;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '0' },
    target: { type: 'string', default: '' },
    number: { type: 'string' },
  },
});
const seed = Number(values.seed);
const wanted = Number(values.count);
const endAt = Number(values.minutes) > 0 ? performance.now() + Number(values.minutes) * 60_000 : Infinity;
/** What each target has of a round, whichever ends first: a call costs a thousand times what reading a mask costs. */
const SLICE = { inputs: 5000, ms: 4000 };
/** MiB; what services with a tiny model and their usual limits for requests and pictures may take. */
const MEMORY_LIMIT = 1024;

const page = join(import.meta.dirname, `../../out/fuzz/seed-${seed}.json`);
await mkdir(join(page, '..'), { recursive: true });
const progress = await readProgress();
let isOpen = false;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // Nothing to keep yet, or asked twice; what was started ends with this process.
    if (!isOpen || isStopped) process.exit(1);
    isStopped = true;
  });
const isOver = (): boolean => isStopped || performance.now() >= endAt;

const folder = await mkdtemp(join(tmpdir(), 'cassl-fuzz-'));
const platform = await openPlatform({ withModel: true });
isOpen = true;
try {
  const targets = [...platform.targets, ...(await readerTargets(folder))];
  if (values.number !== undefined) await again(targets, values.target, Number(values.number));
  else while (!isOver() && total(progress) < wanted) await round(targets);
} finally {
  await platform.close();
  await rm(folder, { recursive: true, force: true });
}
if (values.number === undefined)
  console.log(`${total(progress)} inputs of seed ${seed}, ${progress.findings.length} findings; ${page}`);
const isTooMuch = Object.values(progress.peaks).some((peak) => peak > 2 * MEMORY_LIMIT);
process.exitCode = progress.findings.length === 0 && !isTooMuch ? 0 : 1;

async function again(targets: readonly FuzzTarget[], name: string, number: number): Promise<void> {
  const target = targets.find((one) => one.name === name);
  if (target === undefined)
    throw new Error(`no target ${name}; there are ${targets.map((one) => one.name).join(', ')}`);
  console.log(JSON.stringify(await fuzzSlice(target, { seed, first: number, count: 1 }), undefined, 2));
}

async function round(targets: readonly FuzzTarget[]): Promise<void> {
  const startedAt = performance.now();
  for (const target of targets) {
    if (isOver()) break;
    const first = progress.done[target.name] ?? 0;
    const most = Math.min(SLICE.inputs, wanted - total(progress));
    const sliceEndsAt = performance.now() + SLICE.ms;
    const { count, codes, findings } = await fuzzSlice(target, {
      seed,
      first,
      count: most,
      isOver: () => isOver() || performance.now() >= sliceEndsAt,
    });
    progress.done[target.name] = first + count;
    const counted = (progress.codes[target.name] ??= {});
    for (const [code, times] of Object.entries(codes)) counted[code] = (counted[code] ?? 0) + times;
    progress.findings.push(...findings);
    for (const finding of findings) console.log(JSON.stringify(finding));
  }
  progress.peaks = {
    ...progress.peaks,
    ...(await peakMemory({ ...platform.cluster.pids(), fuzzer: [process.pid] }, progress.peaks)),
  };
  progress.seconds += (performance.now() - startedAt) / 1000;
  await writeFile(page, JSON.stringify(progress, undefined, 2));
}

function total({ done }: Progress): number {
  return Object.values(done).reduce((sum, count) => sum + count, 0);
}

async function readProgress(): Promise<Progress> {
  const text = await readFile(page, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as Progress;
  return { seed, done: {}, codes: {}, findings: [], peaks: {}, seconds: 0 };
}
