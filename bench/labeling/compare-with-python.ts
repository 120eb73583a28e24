import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import type { LabelPhotos, PhotosLabeled } from './photos.ts';
import type { WorkerCase } from './worker.ts';

export interface Comparison {
  readonly ours: PhotosLabeled;
  readonly python: PhotosLabeled;
  /** Images per second, ours over Python's; the fastest of each side's rounds. */
  readonly overPython: number;
  /** The same in images per second of processor time, which others on the machine disturb less. */
  readonly overPythonByProcessor: number;
}

const TIMEOUT_MS = 600_000;

/** Both label the same photos with the same weights, in turn, each a process of its own. */
export async function compareWithPython(
  { preset, shortSide, longSide, images, batch, masks }: WorkerCase,
  folder: string,
  rounds: number,
): Promise<Comparison> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-twin-'));
  try {
    await openEngine({ engine: 'torch' });
    // Every cell scores above the threshold of 0.05: selection, suppression and the masks have their full work to do.
    const changes = { priorProbability: 0.06, resizeShortSide: shortSide, resizeLongSide: longSide };
    const config = detectorPreset(preset, changes);
    const detector = createDetector(config, { seed: 1 });
    const weights = join(home, 'weights.safetensors');
    await writeSafetensors(weights, await detector.stateDict());
    detector.dispose();
    const threads = availableParallelism();
    const spec = { config, weights, folder, images, shortSide, longSide, batch, masks, threads };
    const [ours, python]: [PhotosLabeled[], PhotosLabeled[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await labeled(process.execPath, 'label-photos.ts', spec));
      python.push(await labeled(process.env['CASSL_PYTHON'] ?? 'python3', 'label_photos.py', spec));
    }
    const best = (of: 'seconds' | 'cpuSeconds', rounds: readonly PhotosLabeled[]): number =>
      Math.max(...rounds.map((round) => round.images / round[of]));
    const ratio = (of: 'seconds' | 'cpuSeconds'): number => best(of, ours) / best(of, python);
    const fastest = (rounds: readonly PhotosLabeled[]): PhotosLabeled =>
      rounds.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    return {
      ours: fastest(ours),
      python: fastest(python),
      overPython: ratio('seconds'),
      overPythonByProcessor: ratio('cpuSeconds'),
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function labeled(program: string, file: string, spec: LabelPhotos): Promise<PhotosLabeled> {
  const args = [join(import.meta.dirname, file), JSON.stringify(spec)];
  const env = { ...process.env, OMP_NUM_THREADS: String(spec.threads) };
  const { stdout } = await promisify(execFile)(program, args, { timeout: TIMEOUT_MS, env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as PhotosLabeled;
}
