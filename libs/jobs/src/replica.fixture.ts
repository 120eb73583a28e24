import { setTimeout as delay } from 'node:timers/promises';
import { connectEvents, openEvents } from '@cassl/events';
import { Training, TrainingSpec } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import type { Lead } from './lead-job.ts';
import { jobProgress, queuedStatus } from './job-status.ts';
import { runJobs, type Jobs } from './run-jobs.ts';

/** Short, so that a test that waits for its end is short too. */
export const LEASE_MS = 1500;

/** Counts to the number of iterations; each step notes who made it and under which number. */
export async function count(lead: Lead<Training>, name: string): Promise<(job: Training) => Training> {
  const total = lead.job.spec?.schedule?.iterations ?? 0;
  while ((lead.status.progress?.done ?? 0) < total) {
    await delay(20, undefined, { signal: lead.signal });
    const { fence } = lead;
    lead.change((job) => {
      const progress = jobProgress({ done: job.notes.length + 1, total });
      const status = { ...(job.status ?? queuedStatus(lead.id)), progress };
      return { ...job, notes: [...job.notes, `${name}/${fence}`], status };
    });
  }
  return (job) => ({ ...job, checkpointDigest: `counted to ${total}` });
}

export function countingJob(id: string, iterations: number): Training {
  const schedule = { iterations, batchSize: 1, learningRate: 1 };
  return Training.fromPartial({ status: queuedStatus(id), spec: { schedule } });
}

export interface Replica {
  readonly jobs: Jobs<Training>;
  /** Hands back and closes. */
  close(): Promise<void>;
}

export async function openReplica(
  natsUrl: string,
  name: string,
  run: (lead: Lead<Training>) => Promise<(job: Training) => Training> = (lead) => count(lead, name),
  parallel?: number,
): Promise<Replica> {
  const connection = await connectEvents({ servers: natsUrl, name });
  const jobs = await runJobs<Training, TrainingSpec>({
    noun: 'training',
    type: Training,
    specType: TrainingSpec,
    run,
    result: ({ checkpointDigest }) => checkpointDigest,
    connection,
    bus: await openEvents(connection),
    source: 'test',
    logger: createLogger({ name, level: 'silent' }),
    replica: name,
    leaseMs: LEASE_MS,
    ...(parallel === undefined ? {} : { parallel }),
  });
  return {
    jobs,
    async close() {
      await jobs.stop();
      await connection.close();
    },
  };
}

// As a process of its own, which a test can kill or freeze: node replica.fixture.ts NATS_URL NAME
const [, program, natsUrl, name] = process.argv;
if (program === import.meta.filename && natsUrl !== undefined && name !== undefined) {
  await openReplica(natsUrl, name);
  process.stdout.write('ready\n');
}
