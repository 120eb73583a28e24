import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchmarkOptions } from '../options.ts';
import { writeCondinstWork } from './condinst.ts';
import { WorkerProcess } from './worker-process.ts';

interface Facts {
  readonly version: string;
  readonly threads: number;
  readonly peakBytes: number;
  readonly fallbacks?: readonly object[];
}

/** Turns that each program takes at each job. */
const rounds = 7;
/** Stock wasm takes a quarter of a minute for one training step. */
const wasmRounds = 4;

/**
 * The torch engine against Python's PyTorch on the same library, and the wasm engine against torch and against the
 * package alone: the same work, in turns, with the same threads.
 */
export async function run({ json }: BenchmarkOptions): Promise<void> {
  const threads = availableParallelism();
  const torch = startWorker('torch', threads);
  const folder = mkdtempSync(join(tmpdir(), 'bench-engine-'));
  const work = join(folder, 'condinst.json');
  writeCondinstWork(work);
  const script = join(import.meta.dirname, 'peer.py');
  const peer = new WorkerProcess(peerPython(), [script, String(threads), work], threads);
  const jobs = ['stackForward', 'stackTrain', 'condinstStep'] as const;
  const native = await compare(torch, peer, jobs, rounds);
  const tiny = await torch.ask<Record<string, number>>('tinyOps');
  const ours = await torch.ask<Facts>('facts');
  const theirs = await peer.ask<Facts>('facts');
  peer.stop();
  rmSync(folder, { recursive: true });

  const wasm = startWorker('wasm', threads);
  const nativeOverWasm = await compare(torch, wasm, ['condinstStep'], wasmRounds);
  torch.stop();
  const stock = startWorker('stock-wasm', threads);
  const overStock = await compare(wasm, stock, ['stackForward', 'stackTrain'], wasmRounds);
  wasm.stop();
  stock.stop();

  const result = {
    engine: 'torch',
    version: ours.version,
    peer: `PyTorch ${theirs.version}`,
    threads: { ours: ours.threads, peer: theirs.threads },
    ratios: Object.fromEntries(Object.entries(native).map(([job, { ratio }]) => [job, ratio])),
    medianMs: { ours: medians(native, 'ours'), peer: medians(native, 'peer') },
    tinyOpUs: Math.max(...Object.values(tiny)),
    tinyOpsUs: tiny,
    fallbacks: ours.fallbacks ?? [],
    peakBytes: { ours: ours.peakBytes, peer: theirs.peakBytes },
    wasm: {
      ratioOverStock: overStock['stackTrain']!.ratio,
      ratioOverStockForward: overStock['stackForward']!.ratio,
      medianMs: { ours: medians(overStock, 'ours'), stock: medians(overStock, 'peer') },
      torchOverWasm: nativeOverWasm['condinstStep']!.ratio,
      condinstStepMs: nativeOverWasm['condinstStep']!.peer,
    },
  };
  if (json) console.log(JSON.stringify(result));
  else console.dir(result, { depth: 4 });
}

interface Comparison {
  readonly ours: number;
  readonly peer: number;
  /** Our speed over the peer's: above 1 where we are faster. */
  readonly ratio: number;
}

async function compare(
  ours: WorkerProcess,
  peer: WorkerProcess,
  jobs: readonly string[],
  turns: number,
): Promise<Record<string, Comparison>> {
  const result: Record<string, Comparison> = {};
  for (const job of jobs) {
    const times = { ours: [] as number[], peer: [] as number[] };
    // The first turn warms up and is not counted.
    for (let turn = 0; turn <= turns; turn++) {
      for (const [side, worker] of [
        ['ours', ours],
        ['peer', peer],
      ] as const) {
        const { ms } = await worker.ask<{ ms: number }>(job);
        if (turn > 0) times[side].push(ms);
      }
    }
    const [a, b] = [median(times.ours), median(times.peer)];
    result[job] = { ours: round(a), peer: round(b), ratio: round(b / a) };
    console.error(`${job}: ${round(a)} ms against ${round(b)} ms, ${round(b / a)} of the peer's speed`);
  }
  return result;
}

function startWorker(engine: string, threads: number): WorkerProcess {
  return new WorkerProcess(
    process.execPath,
    [join(import.meta.dirname, 'worker.ts'), engine, String(threads)],
    threads,
  );
}

export const needsPython = true;

/** Debian's python3-torch is the library that the default build of the addon links; CASSL_BENCH_PYTHON names another. */
function peerPython(): string {
  const wanted = process.env['CASSL_BENCH_PYTHON'];
  if (wanted) return wanted;
  return existsSync('/usr/lib/python3/dist-packages/torch')
    ? '/usr/bin/python3'
    : (process.env['CASSL_PYTHON'] ?? 'python3');
}

function medians(times: Record<string, Comparison>, side: 'ours' | 'peer'): Record<string, number> {
  return Object.fromEntries(Object.entries(times).map(([job, comparison]) => [job, comparison[side]]));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
