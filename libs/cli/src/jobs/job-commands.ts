import { invalidArgument } from '@cassl/errors';
import { isEnded } from '@cassl/jobs';
import { interruption } from '../local/interruption.ts';
import { formatJob, formatJobs, nameOf } from './format-job.ts';
import { stateOf, type JobKind, type JobStateWord, type JobView } from './job-view.ts';
import type { LabelingJobs } from './labeling-jobs.ts';
import { askAll, findJob, withJobs, type FoundJob } from './open-jobs.ts';
import { showJobLog } from './show-job-log.ts';
import { watchJob } from './watch-job.ts';

export interface JobFlags {
  readonly home: string;
  readonly json: boolean;
}

export interface ListFlags extends JobFlags {
  readonly kind?: JobKind;
  readonly state?: JobStateWord;
  readonly limit: number;
}

/** Newest first over all kinds. Ends with 1 where a service did not answer. */
export async function listJobs({ home, json, kind, state, limit }: ListFlags): Promise<void> {
  await withJobs(home, async ({ services }) => {
    const asked = services.filter((service) => kind === undefined || service.kind === kind);
    const wanted = state === undefined ? undefined : `JOB_STATE_${state.toUpperCase()}`;
    const { answers, failures } = await askAll(asked, (service) => service.list({ state: wanted, limit }));
    const at = ({ status }: JobView): number => status.createdAt?.getTime() ?? 0;
    const jobs = answers.toSorted((a, b) => at(b) - at(a)).slice(0, limit);
    if (json) for (const job of jobs) console.log(toJson(job));
    else if (jobs.length > 0) console.log(formatJobs(jobs));
    else if (failures.length === 0) console.error('cassl: there are no such jobs');
    for (const failure of failures) console.error(`cassl: ${failure}`);
    if (failures.length > 0) process.exitCode = 1;
  });
}

export async function showJob(name: string, { home, json }: JobFlags): Promise<void> {
  await withJobs(home, async (jobs) => {
    const { job } = await findJob(jobs, name);
    console.log(json ? toJson(job) : formatJob(job));
  });
}

/** Ends with 0 when the job succeeds; leaving the watch stops nothing. */
export async function watch(name: string, { home, json }: JobFlags): Promise<void> {
  const interrupted = interruption();
  try {
    await withJobs(home, async (jobs) => {
      const { service, job } = await findJob(jobs, name);
      interrupted.onSignal(() => {
        if (!isEnded(job.status)) {
          console.error(
            `\n${nameOf(job)} goes on; \`cassl jobs watch ${nameOf(job)}\` comes back, ` +
              `\`cassl jobs cancel ${nameOf(job)}\` stops it`,
          );
        }
      });
      const ended = await watchJob(service, job.status.id, { json, signal: interrupted.signal });
      if (!json) console.log(formatJob(ended));
    });
  } finally {
    interrupted.end();
  }
}

export interface LogFlags extends JobFlags {
  readonly lines: number;
  readonly follow: boolean;
}

export async function logs(name: string, flags: LogFlags): Promise<void> {
  const interrupted = interruption();
  try {
    await withJobs(flags.home, async (jobs) => {
      const found = await findJob(jobs, name);
      await showJobLog(found, { ...flags, signal: interrupted.signal });
    });
  } finally {
    interrupted.end();
  }
}

export async function cancelJobs(names: readonly string[], flags: JobFlags): Promise<void> {
  await change(names, flags, ({ service, job }) => service.cancel(job.status.id));
}

export async function retryJobs(names: readonly string[], flags: JobFlags): Promise<void> {
  await change(names, flags, ({ service, job }) => service.retry(job.status.id));
}

export async function pauseLabeling(
  name: string,
  flags: JobFlags & { readonly reason: string },
): Promise<void> {
  await change([name], flags, ({ service, job }) =>
    labelings(service, name).pause(job.status.id, flags.reason),
  );
}

export async function resumeLabeling(name: string, flags: JobFlags): Promise<void> {
  await change([name], flags, ({ service, job }) => labelings(service, name).resume(job.status.id));
}

export async function listLabelFiles(name: string, { home, json }: JobFlags): Promise<void> {
  await withJobs(home, async (jobs) => {
    const { service, job } = await findJob(jobs, name);
    for await (const file of labelings(service, name).files(job.status.id)) {
      const { index, uri, labelCount, labeledImages, emptyImages, failedImages } = file;
      const text = `${index}  ${uri}  ${labelCount} labels on ${labeledImages} images, ${emptyImages} without, ${failedImages} failed`;
      // All fields, zeros too: the first shard has the index 0.
      console.log(json ? JSON.stringify(file) : text);
    }
  });
}

/** Changes jobs one after the other and says what each is now. */
async function change(
  names: readonly string[],
  { home, json }: JobFlags,
  act: (found: FoundJob) => Promise<JobView>,
): Promise<void> {
  await withJobs(home, async (jobs) => {
    for (const name of names) {
      const after = await act(await findJob(jobs, name));
      console.log(json ? toJson(after) : formatJob(after));
    }
  });
}

function labelings(service: FoundJob['service'], name: string): LabelingJobs {
  if (service.kind !== 'labeling')
    throw invalidArgument(`only labelings can do this; ${name} is a ${service.kind}`);
  return service as LabelingJobs;
}

function toJson(job: JobView): string {
  return JSON.stringify({ kind: job.kind, id: job.status.id, state: stateOf(job), job: job.json });
}
