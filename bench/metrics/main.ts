import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchmarkOptions } from '../options.ts';
import { generateSet, VAL2017, type GeneratedSet } from './generate-set.ts';
import { internal } from '@cassl/errors';
import { growthOf, median, ratioOf, type Measurement } from './measurement.ts';

export const needsPython = true;
const PYTHON = process.env['CASSL_PYTHON'] ?? 'python3';
const PEERS = ['pycocotools', 'fasterCocoEval'] as const;
const TYPES = ['bbox', 'segm'] as const;
const REPEATS = 3;
/** Two cores for everybody, whatever the machine has. */
const CORES = cpus().length > 2 && existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', '0,1'] : [];

/**
 * COCO evaluation on a generated set of val2017's size, end to end from files: reading both JSON files, matching and
 * summing up. Process start and imports are left out for all. Every measurement is a process of its own; the numbers must
 * agree. pycocotools runs once, the fast ones three times and the median counts; `--quick` is a tenth of the
 * size; it and `--no-tenfold` leave out the set of ten times the size.
 */
export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const quick = argv.includes('--quick');
  const size = quick ? scaled(0.1) : VAL2017;
  const folder = await mkdtemp(join(tmpdir(), 'cassl-bench-metrics-'));
  try {
    progress(`generating ${size.images} images, ${size.groundTruths} ground truths`);
    const set = await generateSet(folder, size, 17);
    const report: Record<string, unknown> = {
      set: size,
      cores: CORES.length > 0 ? 2 : cpus().length,
      measured:
        'end to end: both JSON files read, matched, summed up; process start and imports excluded for all',
    };
    const all = await compareAll(set);
    report['ratios'] = perType((type) =>
      perPeer((peer) => ratioOf(all[type][peer], all[type].ours, 'totalSeconds')),
    );
    report['ratiosEvaluateOnly'] = perType((type) =>
      perPeer((peer) => ratioOf(all[type][peer], all[type].ours, 'evaluateSeconds')),
    );
    report['ratiosProcessorTime'] = perType((type) =>
      perPeer((peer) => ratioOf(all[type][peer], all[type].ours, 'cpuSeconds')),
    );
    report['memoryRatios'] = perType((type) =>
      perPeer((peer) => ratioOf(all[type][peer], all[type].ours, 'peakMiB')),
    );
    report['measurements'] = all;
    if (!quick && !argv.includes('--no-tenfold')) report['tenfold'] = await measureTenfold(folder, all);
    if (json) console.log(JSON.stringify(report));
    else console.log(JSON.stringify(report, undefined, 2));
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Measurements = Record<'ours' | (typeof PEERS)[number], Measurement>;

async function compareAll(set: GeneratedSet): Promise<Record<(typeof TYPES)[number], Measurements>> {
  const all: Partial<Record<(typeof TYPES)[number], Measurements>> = {};
  for (const type of TYPES) {
    const ours = await repeat(() => measureOurs(set, type));
    progress(`${type}: ours ${describe(ours)}`);
    const fasterCocoEval = await repeat(() => measurePeer('fasterCocoEval', set, type));
    progress(`${type}: faster-coco-eval ${describe(fasterCocoEval)}`);
    const pycocotools = await measurePeer('pycocotools', set, type);
    progress(`${type}: pycocotools ${describe(pycocotools)}`);
    for (const [peer, { stats }] of Object.entries({ fasterCocoEval, pycocotools })) {
      const off = Math.max(...stats.map((value, i) => Math.abs(value - ours.stats[i]!)));
      if (!(off < 1e-9)) throw internal(`${type}: our numbers and those of ${peer} differ by ${off}`);
    }
    all[type] = { ours, fasterCocoEval, pycocotools };
  }
  return all as Record<(typeof TYPES)[number], Measurements>;
}

/** Ten times as many images of the same kind: time and memory should grow tenfold and not more. */
async function measureTenfold(
  folder: string,
  base: Record<string, Measurements>,
): Promise<Record<string, unknown>> {
  const size = scaled(10);
  progress(`generating ${size.images} images`);
  const set = await generateSet(folder, size, 17);
  const growth: Record<string, unknown> = {};
  for (const type of TYPES) {
    const measurement = await measureOurs(set, type);
    progress(`${type}, tenfold: ours ${describe(measurement)}`);
    growth[type] = { ...growthOf(base[type]!.ours, measurement), measurement };
  }
  return growth;
}

function scaled(factor: number): typeof VAL2017 {
  return {
    ...VAL2017,
    images: Math.round(VAL2017.images * factor),
    groundTruths: Math.round(VAL2017.groundTruths * factor),
  };
}

async function repeat(measure: () => Promise<Measurement>): Promise<Measurement> {
  const runs: Measurement[] = [];
  for (let i = 0; i < REPEATS; i++) runs.push(await measure());
  return median(runs);
}

async function measureOurs(set: GeneratedSet, type: (typeof TYPES)[number]): Promise<Measurement> {
  return measure([process.execPath, join(import.meta.dirname, 'ours.ts'), set.groundTruth, set[type], type]);
}

async function measurePeer(
  peer: (typeof PEERS)[number],
  set: GeneratedSet,
  type: (typeof TYPES)[number],
): Promise<Measurement> {
  return measure([PYTHON, join(import.meta.dirname, 'peer.py'), peer, set.groundTruth, set[type], type]);
}

async function measure(command: readonly string[]): Promise<Measurement> {
  const [file, ...rest] = [...CORES, ...command] as [string, ...string[]];
  const { stdout } = await promisify(execFile)(file, rest, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measurement;
}

function perType<T>(value: (type: (typeof TYPES)[number]) => T): Record<string, T> {
  return Object.fromEntries(TYPES.map((type) => [type, value(type)]));
}

function perPeer<T>(value: (peer: (typeof PEERS)[number]) => T): Record<string, T> {
  return Object.fromEntries(PEERS.map((peer) => [peer, value(peer)]));
}

function describe({ totalSeconds, evaluateSeconds, cpuSeconds, peakMiB }: Measurement): string {
  return `${totalSeconds.toFixed(2)} s (evaluation alone ${evaluateSeconds.toFixed(2)} s, processor ${cpuSeconds.toFixed(2)} s), peak ${Math.round(peakMiB)} MiB`;
}

function progress(text: string): void {
  console.error(`bench metrics: ${text}`);
}
