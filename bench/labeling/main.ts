/**
 * Labeling: one worker on real photos, and the same job with few and with many shards, without inference. `--shards N` sets the many
 * (default 41,667: 10^7 images at the usual shard size; about ten minutes), `--only worker` or `--only scale` one of the two.
 */
import { WORKER_CASES, measureWorker, type WorkerMeasurement } from './worker.ts';
import { measureEnqueue, measureScale } from './scale.ts';

const FEW = 1000;
const MANY = 41_667;

type Cases = Readonly<Record<keyof typeof WORKER_CASES, WorkerMeasurement>>;

export async function run({
  json,
  argv,
}: {
  readonly json: boolean;
  readonly argv: readonly string[];
}): Promise<void> {
  const given = (flag: string): string | undefined =>
    argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : undefined;
  const only = given('--only');
  const worker = only === 'scale' ? undefined : await workerNumbers();
  const scale = only === 'worker' ? undefined : await scaleNumbers(Number(given('--shards') ?? MANY));
  const result = { ...worker, ...(scale === undefined ? {} : { scale }) };
  console.log(json ? JSON.stringify(result) : result);
}

async function workerNumbers(): Promise<object> {
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
