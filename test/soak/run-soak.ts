/**
 * `make soak MINUTES=120`: the services of one machine at half the load that they can carry, while workers, services and the broker are
 * killed in turn; then 5,000 Detect calls one after another. Writes docs/soak.md. Ends with 1 where something grew, or a job or a call
 * was lost.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isEnded } from '@cassl/jobs';
import { openClients, until } from '../clients.ts';
import { startCluster, type Cluster } from '../cluster.ts';
import { evaluationJobs, labelingJobs, trainingJobs, type JobKind } from '../kill-matrix/job-kinds.ts';
import { makeMicroData } from '../micro-pipeline.ts';
import { countDetects } from './count-detects.ts';
import { callAtRate, detectLoad, measureRate, type DetectLoad } from './detect-load.ts';
import { runJobs } from './job-load.ts';
import { ProcessLog } from './processes.ts';
import { runKills } from './run-kills.ts';
import { soakPage, wentWell, type SoakResult } from './soak-page.ts';

const minutes = Number(process.argv[2] ?? 120);
const PAGE = join(import.meta.dirname, '../../docs/soak.md');
const MEASURE_SECONDS = 10;
const SAMPLE_MS = 5_000;
const KILL_EVERY_MS = 60_000;
const DETECTS = { parts: 5, callsAPart: 1000 };

const cluster = await startCluster();
const clients = openClients(cluster.endpoints);
try {
  const data = await makeMicroData(join(cluster.home, 'scenes'));
  const teacher = await trained(trainingJobs(clients, data), 'soak-teacher');
  const detector = await trained(trainingJobs(clients, data, 'STAGE_FINETUNE'), 'soak-detector');
  const picture = await readFile(await firstPicture(data.pool));
  const load = detectLoad(clients, detector, picture);
  await load.call();
  const jobs: Record<string, JobKind> = {
    labeling: labelingJobs(clients, data, teacher, cluster.home),
    evaluation: evaluationJobs(clients, data, detector),
    training: trainingJobs(clients, data),
  };
  const result = await soak(load, jobs);
  await writeFile(PAGE, soakPage(result));
  console.log(soakPage(result));
  process.exitCode = wentWell(result) ? 0 : 1;
} finally {
  clients.close();
  await cluster.stop();
}

async function soak(load: DetectLoad, jobs: Readonly<Record<string, JobKind>>): Promise<SoakResult> {
  const most = await measureRate(load, 4, MEASURE_SECONDS);
  const log = new ProcessLog();
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), minutes * 60_000);
  try {
    const { signal } = end;
    const [calls, killed, , ...counts] = await Promise.all([
      callAtRate(load, most / 2, signal),
      runKills(cluster, KILL_EVERY_MS, signal),
      watch(log, cluster, signal),
      ...Object.entries(jobs).map(async ([noun, kind]) => [noun, await runJobs(kind, noun, signal)] as const),
    ]);
    const pids = (): readonly number[] => cluster.pids()['labeler-0'] ?? [];
    return {
      minutes,
      cores: cpus().length,
      most,
      calls,
      killed,
      jobs: Object.fromEntries(counts),
      lives: log.longest(),
      detects: await countDetects(load, pids, DETECTS),
    };
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

async function watch(log: ProcessLog, services: Cluster, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await log.sample(services.pids());
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function trained(jobs: JobKind, id: string): Promise<string> {
  await jobs.start(id);
  await until(() => jobs.status(id), isEnded);
  const { digest } = (await jobs.output(id)) as { readonly digest: string };
  return digest;
}

async function firstPicture(pool: string): Promise<string> {
  const folder = new URL(`${pool}/`);
  const [name] = (await readdir(folder)).sort();
  return new URL(encodeURIComponent(name!), folder).pathname;
}
