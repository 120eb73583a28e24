import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { option, type BenchmarkOptions } from '../options.ts';
import type { Measured, MeasuredCase } from './measured.ts';

export const needsPython = true;
const PYTHON = process.env['CASSL_PYTHON'] ?? 'python3';
const MODELS = ['condinst-r50', 'condinst-swin-t'] as const;

/** The claim: at least 0.9 of the twin's speed in at most 1.2 of its memory. */
const LEAST_SPEED = 0.9;
const MOST_MEMORY = 1.2;

interface Comparison extends MeasuredCase {
  readonly ours: Measured;
  readonly twin: Measured;
  readonly trainingSpeed: number;
  readonly inferenceSpeed: number;
  readonly trainingMemory: number;
  readonly inferenceMemory: number;
  readonly ok: boolean;
}

/**
 * Training steps (forward, backward, SGD) and inference of CondInst beside a twin in PyTorch, on random pictures with four
 * objects each: images per second (median) and peak resident memory. Every measurement is a process of its own, ours and the twin's
 * in turn. `--quick`: 320 px only; `--model NAME`: one model; `--steps N`: measured steps (default 3).
 */
export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const model = option(argv, '--model');
  const steps = Number(option(argv, '--steps') ?? 3);
  const sizes = argv.includes('--quick') ? [320] : [320, 800];
  const comparisons: Comparison[] = [];
  for (const preset of MODELS.filter((name) => model === undefined || name === model)) {
    for (const size of sizes) {
      for (const batch of [1, 2]) {
        const comparison = await compare({ preset, size, batch, steps });
        comparisons.push(comparison);
        console.error(describe(comparison));
      }
    }
  }
  if (json) console.log(JSON.stringify({ leastSpeed: LEAST_SPEED, mostMemory: MOST_MEMORY, comparisons }));
}

async function compare(measured: MeasuredCase): Promise<Comparison> {
  const ours = await measureBoth((mode) => [
    process.execPath,
    [join(import.meta.dirname, 'ours.ts'), argument(measured, mode)],
  ]);
  const twin = await measureBoth((mode) => [
    PYTHON,
    [join(import.meta.dirname, 'twin.py'), argument(measured, mode)],
  ]);
  const ratios = {
    trainingSpeed: ours.trainingImagesPerSecond / twin.trainingImagesPerSecond,
    inferenceSpeed: ours.inferenceImagesPerSecond / twin.inferenceImagesPerSecond,
    trainingMemory: ours.trainingPeakBytes / twin.trainingPeakBytes,
    inferenceMemory: ours.inferencePeakBytes / twin.inferencePeakBytes,
  };
  const ok =
    Math.min(ratios.trainingSpeed, ratios.inferenceSpeed) >= LEAST_SPEED &&
    Math.max(ratios.trainingMemory, ratios.inferenceMemory) <= MOST_MEMORY;
  return { ...measured, ours, twin, ...ratios, ok };
}

type Mode = 'training' | 'inference';

function argument(measured: MeasuredCase, mode: Mode): string {
  return JSON.stringify({ ...measured, mode });
}

async function measureBoth(command: (mode: Mode) => [string, string[]]): Promise<Measured> {
  const training = await measure(command('training'));
  const inference = await measure(command('inference'));
  return {
    trainingImagesPerSecond: training.imagesPerSecond,
    trainingPeakBytes: training.peakBytes,
    inferenceImagesPerSecond: inference.imagesPerSecond,
    inferencePeakBytes: inference.peakBytes,
  };
}

async function measure([program, args]: [string, string[]]): Promise<{
  imagesPerSecond: number;
  peakBytes: number;
}> {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as { imagesPerSecond: number; peakBytes: number };
}

function describe({ preset, size, batch, ours, twin, ok, ...ratios }: Comparison): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const line = (
    what: string,
    a: number,
    b: number,
    memoryA: number,
    memoryB: number,
    speed: number,
    memory: number,
  ) =>
    `  ${what}: ${a.toFixed(2)} / ${b.toFixed(2)} images/s (${speed.toFixed(2)}×), ${mib(memoryA)} / ${mib(memoryB)} (${memory.toFixed(2)}×)`;
  return [
    `${preset} ${size} px, batch ${batch} (ours / PyTorch): ${ok ? 'ok' : 'MISSED'}`,
    line(
      'training',
      ours.trainingImagesPerSecond,
      twin.trainingImagesPerSecond,
      ours.trainingPeakBytes,
      twin.trainingPeakBytes,
      ratios.trainingSpeed,
      ratios.trainingMemory,
    ),
    line(
      'inference',
      ours.inferenceImagesPerSecond,
      twin.inferenceImagesPerSecond,
      ours.inferencePeakBytes,
      twin.inferencePeakBytes,
      ratios.inferenceSpeed,
      ratios.inferenceMemory,
    ),
  ].join('\n');
}
