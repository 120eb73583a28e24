import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { TrainingSpec, type TrainingPoint } from '@cassl/proto';
import getPort from 'get-port';

export interface Speed {
  /** Of all ranks, median over the reports of the second half. */
  readonly imagesPerSecond: number;
  /** Processor time of all ranks, over the same steps. */
  readonly cpuSecondsPerImage: number;
}

export interface TrainOnCoresOptions {
  /** Holds scenes in COCO's layout. */
  readonly root: string;
  readonly preset: string;
  readonly size: number;
  readonly steps: number;
  /** Rank i runs on core `firstCore` + i, with one thread for the engine and one for the data. */
  readonly ranks: number;
  /** Default 0. */
  readonly firstCore?: number;
  readonly batchSize: number;
}

const WORKER = join(import.meta.dirname, '../../services/trainer/src/training/worker.ts');
/** USER_HZ of Linux. */
const TICKS_A_SECOND = 100;

/** Trains with the trainer's own worker, a process a rank, and stops it once it has said enough. */
export async function trainOnCores(options: TrainOnCoresOptions): Promise<Speed> {
  const { root, ranks, steps, batchSize, firstCore = 0 } = options;
  const folder = await mkdtemp(join(root, 'job-'));
  await writeFile(join(folder, 'job.json'), JSON.stringify(jobFile(options)));
  const port = await getPort({ host: '127.0.0.1' });
  const workers = Array.from({ length: ranks }, (_, rank) =>
    startRank(folder, { rank, ranks, port, root, core: firstCore + rank }),
  );
  const cpuSeconds = (): number => workers.reduce((sum, { pid }) => sum + cpuSecondsOf(pid!), 0);
  try {
    const speeds: number[] = [];
    let from: { iteration: number; cpu: number } | undefined;
    for await (const line of createInterface(workers[0]!.stdout!)) {
      const message = JSON.parse(line) as { type: string; point?: TrainingPoint; message?: string };
      if (message.type === 'failed') throw new Error(message.message);
      if (message.point === undefined) continue;
      const { iteration, imagesPerSecond } = message.point;
      if (iteration < steps / 2) continue;
      if (from === undefined) {
        from = { iteration, cpu: cpuSeconds() };
        continue;
      }
      speeds.push(imagesPerSecond);
      if (iteration < steps) continue;
      const images = (iteration - from.iteration) * batchSize;
      const sorted = speeds.sort((a, b) => a - b);
      return {
        imagesPerSecond: sorted[Math.floor(sorted.length / 2)]!,
        cpuSecondsPerImage: (cpuSeconds() - from.cpu) / images,
      };
    }
    throw new Error('bench training: the worker ended before it had trained');
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

function jobFile({ root, preset, size, steps, ranks, batchSize }: TrainOnCoresOptions): object {
  const uri = (path: string): string => pathToFileURL(join(root, path)).href;
  const spec = TrainingSpec.fromPartial({
    model: { preset, overrides: { resizeShortSide: size, resizeLongSide: size } },
    data: {
      $case: 'labeled',
      value: { annotationsUri: uri('annotations/instances_train2017.json'), imagesUri: uri('train2017') },
    },
    // Longer than is measured, so that no rank is at its end.
    schedule: { iterations: 2 * steps, batchSize, learningRate: 1e-4 },
    augmentation: 'jitter',
    checkpointEvery: 1_000_000,
    ranks,
  });
  return { id: 'bench', spec: TrainingSpec.toJSON(spec), registryAddress: '127.0.0.1:1', cacheDir: root };
}

function startRank(
  folder: string,
  {
    rank,
    ranks,
    port,
    root,
    core,
  }: { rank: number; ranks: number; port: number; root: string; core: number },
): ChildProcess {
  const place = {
    RANK: String(rank),
    WORLD_SIZE: String(ranks),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(port),
  };
  return spawn('taskset', ['-c', String(core), process.execPath, WORKER, folder], {
    env: {
      ...process.env,
      OMP_NUM_THREADS: '1',
      CASSL_ENGINE: 'torch',
      CASSL_DATA_ROOTS: root,
      CASSL_LOG_LEVEL: 'error',
      ...(ranks > 1 && place),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** User and system time of a process, from its line in /proc. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
