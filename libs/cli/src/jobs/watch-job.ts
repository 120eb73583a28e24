import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import { isEnded } from '@cassl/jobs';
import { Pipeline } from '@cassl/proto';
import { followWatch } from '@cassl/rpc';
import { createProgressDisplay } from '../pipeline/show-progress.ts';
import { formatProgress, nameOf } from './format-job.ts';
import type { JobService } from './job-service.ts';
import { stateOf, type JobView } from './job-view.ts';

export interface WatchJobOptions {
  readonly json: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** At most so often where nobody looks at a terminal. */
const LINE_EVERY_MS = 10_000;

/** Follows a job to its end and shows how it goes. @throws the job's own error, CANCELLED for a cancelled one */
export async function watchJob(
  service: JobService,
  id: string,
  { json, signal }: WatchJobOptions,
): Promise<JobView> {
  const show = json ? { job: printJson, end: () => undefined } : display();
  let last: JobView | undefined;
  try {
    const states = followWatch((ended) => service.watch(id, ended), {
      isLast: ({ status }) => isEnded(status),
      signal,
    });
    for await (const job of states) {
      last = job;
      show.job(job);
    }
  } finally {
    show.end();
  }
  if (last === undefined) throw internal(`the watch of ${service.kind}/${id} ended without an answer`);
  if (stateOf(last) === 'succeeded') return last;
  const { code, message } = last.status.error ?? { code: 'CANCELLED', message: 'it was cancelled' };
  throw new CasslError(code as ErrorCode, `${nameOf(last)}: ${message}`);
}

interface Display {
  job(job: JobView): void;
  end(): void;
}

function printJson({ json }: JobView): void {
  console.log(JSON.stringify(json));
}

/** A pipeline has a bar a stage; other jobs have one line, drawn again on a terminal. */
function display(stream: NodeJS.WriteStream = process.stderr): Display {
  const stages = createProgressDisplay(stream);
  let shown = { text: '', state: '', at: -Infinity };
  return {
    job(job) {
      if (job.kind === 'pipeline') return stages.show(Pipeline.fromJSON(job.json));
      const text = formatProgress(job);
      if (stream.isTTY) stream.write(`\r\u001b[2K${text.slice(0, 4 * stream.columns)}`);
      else {
        const state = stateOf(job);
        const isNews = state !== shown.state || performance.now() - shown.at >= LINE_EVERY_MS;
        if (!isNews || text === shown.text) return;
        stream.write(`${text}\n`);
        shown = { text, state, at: performance.now() };
      }
    },
    end() {
      stages.end();
      if (stream.isTTY) stream.write('\n');
    },
  };
}
