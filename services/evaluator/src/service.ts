import { EvaluatorServiceDefinition } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import type { Evaluations } from './run-evaluations.ts';

/** RPC ⇄ domain. */
export function evaluatorService(evaluations: Evaluations): ServedService {
  return implement(EvaluatorServiceDefinition, {
    startEvaluation: async ({ id, spec }) => ({ job: await evaluations.start(id, spec) }),
    getEvaluation: ({ id }) => Promise.resolve({ job: evaluations.require(id) }),
    async *watchEvaluation({ id }, { signal, stopping }) {
      for await (const job of evaluations.watch(id, AbortSignal.any([signal, stopping]))) yield { job };
    },
  });
}
