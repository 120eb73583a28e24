import type { PipelineSpec } from '@cassl/proto';
import type { Json } from '../../json.ts';

/** A stage of the method as the trainer plans it, started or not. */
export interface PlannedStage {
  readonly name: string;
  readonly service: 'trainer' | 'labeler' | 'evaluator';
  /** Names of the stages that must have succeeded before. */
  readonly needs: readonly string[];
}

/** The stages that a specification leads to, in the trainer's order. */
export function planStages(spec: Json<PipelineSpec>): readonly PlannedStage[] {
  const choosesThreshold = spec.threshold === 0;
  const seeds = spec.seeds.length === 0 ? [1] : spec.seeds;
  const arms = spec.control ? ['warmup', 'scratch', 'control'] : ['warmup', 'scratch'];
  return [
    training('labeler', []),
    evaluation('evaluate/labeler', ['labeler']),
    ...(choosesThreshold ? [evaluation('threshold', ['labeler'])] : []),
    { name: 'labeling', service: 'labeler', needs: ['labeler', ...(choosesThreshold ? ['threshold'] : [])] },
    ...(spec.unlabeledTruth === undefined ? [] : [evaluation('pseudo-labels', ['labeling'])]),
    training('warmup', ['labeling']),
    evaluation('evaluate/warmup', ['warmup']),
    ...seeds.flatMap((seed) =>
      arms.flatMap((arm) => {
        const name = `finetune/${arm}/${seed}`;
        return [training(name, arm === 'warmup' ? ['warmup'] : []), evaluation(`evaluate/${name}`, [name])];
      }),
    ),
  ];
}

function training(name: string, needs: readonly string[]): PlannedStage {
  return { name, service: 'trainer', needs };
}

function evaluation(name: string, needs: readonly string[]): PlannedStage {
  return { name, service: 'evaluator', needs };
}
