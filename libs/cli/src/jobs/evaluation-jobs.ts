import { EvaluationJob, EvaluatorServiceDefinition, jobStateFromJSON } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { allPages } from './all-pages.ts';
import { answered } from './answered.ts';
import type { JobService } from './job-service.ts';
import type { JobView } from './job-view.ts';

export function evaluationJobs(address: string): JobService {
  const client = createClient(EvaluatorServiceDefinition, address);
  return {
    kind: 'evaluation',
    list: async ({ state = 'JOB_STATE_UNSPECIFIED', limit }) =>
      (
        await allPages(limit, async (page) => {
          const { jobs, nextPageToken } = await client.listEvaluations({
            state: jobStateFromJSON(state),
            ...page,
          });
          return { items: jobs, nextPageToken };
        })
      ).map(view),
    get: async (id) => view((await client.getEvaluation({ id })).job),
    async *watch(id, signal) {
      for await (const { job } of client.watchEvaluation({ id }, { signal })) yield view(job);
    },
    cancel: async (id) => view((await client.cancelEvaluation({ id })).job),
    retry: async (id) => view((await client.resumeEvaluation({ id })).job),
    close: () => client.close(),
  };
}

function view(answer: EvaluationJob | undefined): JobView {
  const job = answered('evaluator', answer);
  const { spec, evaluation } = job;
  const metrics = Object.entries(evaluation?.metrics ?? {});
  const subject = spec?.labelUris.length ? `${spec.labelUris.length} label files` : (spec?.checkpoint ?? '');
  return {
    kind: 'evaluation',
    status: job.status,
    about: `${subject} on ${spec?.dataset?.annotationsUri ?? ''}`,
    result: metrics.map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', '),
    details: [],
    paused: '',
    parts: [],
    json: EvaluationJob.toJSON(job),
  };
}
