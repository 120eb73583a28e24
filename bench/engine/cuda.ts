/**
 * For cuda.sh, on the engine's device (`CASSL_DEVICE`):
 *   cuda.ts ours WORK WARM_UP STEPS BATCH SIZE   writes the work for cuda_peer.py and times our training step
 *   cuda.ts compare OURS PEER [UTILISATION]      sets both results side by side
 */
import { existsSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { openEngine, withAutocast } from '@cassl/engine';
import { loadTorchAddon, registerTorchBackend } from '@cassl/engine-torch';
import { condinstTraining, writeCondinstWork, type BatchSize, type CondinstTraining } from './condinst.ts';

interface Timing {
  readonly device: string;
  readonly version: string;
  readonly imagesPerSecond: number;
  /** Medians: a whole step to the losses on the host, and its part until everything is queued. */
  readonly stepMs: number;
  readonly enqueueMs: number;
  /** Most GPU memory in tensors; 0 on a CPU. */
  readonly peakBytes: number;
  /** When the timed steps began and ended, in milliseconds since 1970. */
  readonly window: readonly [number, number];
}

interface OurTiming extends Timing {
  /** The part of `enqueueMs` that puts the images into pinned memory; PyTorch's loader does that on another thread. */
  readonly uploadMs: number;
  /** The first operation of a step that makes the host wait for the GPU, or 'none'; null where there is none to wait for. */
  readonly waitsInAStep: string | null;
  readonly fallbacks: readonly object[];
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === 'ours') {
  const [work, ...numbers] = rest;
  const [warmUp, steps, batchSize, size] = numbers.map(Number);
  console.log(JSON.stringify(await measure(work!, warmUp!, steps!, { batchSize: batchSize!, size: size! })));
} else if (verb === 'compare') {
  console.log(JSON.stringify(compare(rest[0]!, rest[1]!, rest[2])));
} else {
  console.error(`cuda.ts: the verb must be ours or compare, got '${verb}'`);
  process.exitCode = 2;
}

async function measure(work: string, warmUp: number, steps: number, size: BatchSize): Promise<OurTiming> {
  const engine = await openEngine({
    engine: 'torch',
    logger: { info: () => undefined, warn: () => undefined },
  });
  const torch = registerTorchBackend();
  torch.setConvolutionSearch(true);
  writeCondinstWork(work, size);
  const training = condinstTraining(size);
  const enqueue = () => withAutocast('bf16', training.step);
  for (let i = 0; i < warmUp; i++) {
    enqueue();
    training.read();
  }
  const queued: number[] = [];
  const whole: number[] = [];
  const begin = Date.now();
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    enqueue();
    queued.push(performance.now() - start);
    training.read();
    whole.push(performance.now() - start);
  }
  const end = Date.now();
  return {
    device: engine.device,
    version: engine.version,
    imagesPerSecond: (size.batchSize * steps * 1000) / (end - begin),
    stepMs: median(whole),
    enqueueMs: median(queued),
    peakBytes: torch.memory().deviceBytesPeak,
    window: [begin, end],
    uploadMs: timeUpload(size),
    waitsInAStep: torch.memory().deviceBytesPeak > 0 ? findWait(enqueue, training) : null,
    fallbacks: engine.fallbacks(),
  };
}

function timeUpload({ batchSize, size }: BatchSize): number {
  const images = new Float32Array(batchSize * size * size * 3);
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    tf.tensor4d(images, [batchSize, size, size, 3]).dispose();
    return performance.now() - start;
  });
  return median(times);
}

function findWait(enqueue: () => void, training: CondinstTraining): string {
  const addon = loadTorchAddon();
  addon.forbidWaiting(1);
  try {
    enqueue();
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    addon.forbidWaiting(0);
    training.read();
  }
}

function compare(oursFile: string, peerFile: string, utilisationFile?: string): object {
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Timing;
  const [ours, peer] = [read(oursFile), read(peerFile)];
  const samples = utilisationFile && existsSync(utilisationFile) ? readSamples(utilisationFile) : [];
  return {
    imagesPerSecond: { ours: round(ours.imagesPerSecond), peer: round(peer.imagesPerSecond) },
    ratio: round(ours.imagesPerSecond / peer.imagesPerSecond),
    // Where the two parts of a step are nearly the same, launching kernels is what takes the time.
    stepMs: { ours: round(ours.stepMs), peer: round(peer.stepMs) },
    enqueueMs: { ours: round(ours.enqueueMs), peer: round(peer.enqueueMs) },
    peakBytes: { ours: ours.peakBytes, peer: peer.peakBytes },
    meanUtilisationPercent: { ours: utilisation(samples, ours), peer: utilisation(samples, peer) },
    ours,
    peer,
  };
}

interface Sample {
  readonly time: number;
  readonly percent: number;
}

// nvidia-smi: "2026/01/31 12:00:00.123, 87, 4321", in local time.
function readSamples(file: string): Sample[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(', '))
    .filter((cells) => cells.length >= 2 && Number.isFinite(Number(cells[1])))
    .map(([time, percent]) => ({ time: new Date(time!).getTime(), percent: Number(percent) }));
}

function utilisation(samples: readonly Sample[], { window: [begin, end] }: Timing): number | null {
  const inside = samples.filter(({ time }) => time >= begin && time <= end);
  if (inside.length === 0) return null;
  return round(inside.reduce((sum, { percent }) => sum + percent, 0) / inside.length);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
