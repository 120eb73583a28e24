/**
 * Labeling: one worker on real photos by stage and beside the same in Python, and the same job with few and with many shards, without
 * inference. `--shards N` sets the many (default 41,667: 10^7 images at the usual shard size; about ten minutes), and those of the
 * job that is killed at half (default 1,000), `--rounds N` the
 * rounds beside Python (default 3), `--images N` the size of the label set that is exported (default 10^5, ten labels each), `--only worker`,
 * `--only python`, `--only scale`, `--only restart` or `--only sets` one of the five.
 */
import { join } from 'node:path';
import { option, type BenchmarkOptions } from '../options.ts';
import { compareWithPython, type Comparison } from './compare-with-python.ts';
import { WORKER_CASES, measureWorker, type WorkerMeasurement } from './worker.ts';
import { measureLabelSets } from './label-sets.ts';
import { measureRestart } from './restart.ts';
import { measureEnqueue, measureScale } from './scale.ts';

const FEW = 1000;
const MANY = 41_667;
/** Shards of the job that is killed at half. */
const RESTARTED = 1000;
/** Of the label set that is exported. */
const IMAGES = 100_000;

/** Photos enough for some ten seconds a side. */
const PYTHON_IMAGES = { small: 96, r50: 12 };
const photos = join(process.env['CASSL_SHARED'] ?? '../shared', 'data/coco-mini/train2017');

export const needsPython = (argv: readonly string[]): boolean =>
  !argv.includes('--only') || argv.includes('python');

type Cases = Readonly<Record<keyof typeof WORKER_CASES, WorkerMeasurement>>;

export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const only = option(argv, '--only');
  const wants = (part: string): boolean => only === undefined || only === part;
  const worker = wants('worker') ? await workerNumbers() : undefined;
  const python = wants('python') ? await pythonNumbers(Number(option(argv, '--rounds') ?? 3)) : undefined;
  const scale = wants('scale') ? await scaleNumbers(Number(option(argv, '--shards') ?? MANY)) : undefined;
  const restart = wants('restart')
    ? await measureRestart(Number(option(argv, '--shards') ?? RESTARTED))
    : undefined;
  const sets = wants('sets') ? await measureLabelSets(Number(option(argv, '--images') ?? IMAGES)) : undefined;
  const result = {
    ratios: { ...worker?.ratios, ...python?.ratios },
    ...(worker === undefined ? {} : { hostMsPerImage: worker.hostMsPerImage, cases: worker.cases }),
    ...(python === undefined ? {} : { python: python.python }),
    ...(scale === undefined ? {} : { scale }),
    ...(restart === undefined ? {} : { restart }),
    ...(sets === undefined ? {} : { sets }),
  };
  console.log(json ? JSON.stringify(result) : result);
}

async function workerNumbers(): Promise<{ ratios: object; hostMsPerImage: number; cases: Cases }> {
  const cases: Cases = {
    small: await measureWorker(WORKER_CASES.small),
    r50: await measureWorker(WORKER_CASES.r50),
  };
  const { small, r50 } = cases;
  return {
    ratios: { ofForward: { small: small.ofForward, r50: r50.ofForward } },
    hostMsPerImage: r50.hostMsPerImage,
    cases,
  };
}

async function pythonNumbers(rounds: number): Promise<{ ratios: object; python: object }> {
  const compare = async (name: keyof typeof WORKER_CASES): Promise<Comparison> => {
    const compared = await compareWithPython(
      { ...WORKER_CASES[name], images: PYTHON_IMAGES[name] },
      photos,
      rounds,
    );
    console.error(`${name} beside Python: ${JSON.stringify(compared)}`);
    return compared;
  };
  const python = { small: await compare('small'), r50: await compare('r50') };
  const { small, r50 } = python;
  return {
    ratios: {
      overPython: { small: small.overPython, r50: r50.overPython },
      overPythonByProcessor: { small: small.overPythonByProcessor, r50: r50.overPythonByProcessor },
    },
    python,
  };
}

async function scaleNumbers(many: number): Promise<object> {
  const enqueue = await measureEnqueue(many);
  console.error(`enqueue: ${enqueue.shards} shards in ${enqueue.enqueueSeconds.toFixed(1)} s`);
  const small = await measureScale(FEW);
  console.error(`${small.shards} shards: ${JSON.stringify(small)}`);
  const large = await measureScale(many);
  console.error(`${large.shards} shards: ${JSON.stringify(large)}`);
  return {
    shards: large.shards,
    // Processor time of the labeler: the clock depends on who else uses the machine.
    costRatio: large.cpuSeconds / large.shards / (small.cpuSeconds / small.shards),
    clockRatio: large.seconds / large.shards / (small.seconds / small.shards),
    labelerMb: large.peakMb,
    brokerMb: large.brokerMb,
    enqueueSeconds: enqueue.enqueueSeconds,
    getLabelingBytes: large.messageBytes,
    indexPerSecond: large.images / large.indexedAt,
  };
}
