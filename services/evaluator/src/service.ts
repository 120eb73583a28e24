import { pageOfJobs, queuedStatus, type Jobs } from '@cassl/jobs';
import { EvaluationJob, EvaluatorServiceDefinition, type EvaluationSpec } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import { checkEvaluationSpec } from './check-evaluation-spec.ts';

/** RPC ⇄ domain. */
export function evaluatorService(evaluations: Jobs<EvaluationJob>): ServedService {
  return implement(EvaluatorServiceDefinition, {
    startEvaluation: async ({ id, spec }, { identity }) => ({
      job: await evaluations.start(id, newEvaluation(id, await checkEvaluationSpec(spec)), identity),
    }),
    getEvaluation: async ({ id }) => ({ job: await evaluations.get(id) }),
    listEvaluations: ({ state, ...page }) => {
      const { items, nextPageToken } = pageOfJobs(evaluations.list(), EvaluationJob, page, { state });
      return Promise.resolve({ jobs: items, nextPageToken });
    },
    async *watchEvaluation({ id }, { signal, stopping }) {
      for await (const job of evaluations.watch(id, AbortSignal.any([signal, stopping]))) yield { job };
    },
    cancelEvaluation: async ({ id }) => ({ job: await evaluations.cancel(id) }),
    resumeEvaluation: async ({ id }, { identity }) => ({
      job: await evaluations.resume(id, undefined, identity),
    }),
  });
}

function newEvaluation(id: string, spec: EvaluationSpec): EvaluationJob {
  return {
    status: queuedStatus(id, { unit: 'images' }),
    spec,
    evaluation: undefined,
    sweep: [],
    bestThreshold: 0,
    detectionsUri: '',
    notes: [],
  };
}
