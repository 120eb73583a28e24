import { addressIn } from '@cassl/storage';
import type { EndedStages, PlannedStage } from './planned-stage.ts';

type Step = Omit<PlannedStage, 'jobId'>;

/**
 * The stages of an earlier round under names of their own. The last round keeps the plain ones, which finetuning and reports go by, and
 * the aliases: what earlier rounds made is a means.
 */
export function nameRound(steps: readonly Step[], round: number): readonly Step[] {
  const own = new Set(steps.map(({ name }) => name));
  const nameOf = (name: string): string => (own.has(name) ? roundStage(name, round) : name);
  return steps.map((step) => ({
    ...step,
    name: nameOf(step.name),
    needs: step.needs.map(nameOf),
    job: (ended) => {
      const job = step.job(renamed(ended, nameOf));
      switch (job.service) {
        case 'trainer':
          return { ...job, spec: { ...job.spec, alias: '' } };
        case 'labeler':
          return {
            ...job,
            spec: { ...job.spec, outputUri: addressIn(job.spec.outputUri, `round-${round}`) },
          };
        case 'evaluator': {
          const { outputUri } = job.spec;
          return {
            ...job,
            spec: { ...job.spec, outputUri: outputUri === '' ? '' : addressIn(outputUri, `round-${round}`) },
          };
        }
      }
    },
  }));
}

/** "warmup/round-1" */
export function roundStage(name: string, round: number): string {
  return `${name}/round-${round}`;
}

function renamed(ended: EndedStages, nameOf: (name: string) => string): EndedStages {
  return {
    training: (name) => ended.training(nameOf(name)),
    labeling: (name) => ended.labeling(nameOf(name)),
    evaluation: (name) => ended.evaluation(nameOf(name)),
  };
}
