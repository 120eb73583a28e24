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
  const arms = armsOf(spec);
  const warmsUp = arms.includes('warmup') || arms.includes('none');
  const seeds = spec.seeds.length === 0 ? [1] : spec.seeds;
  const finetuned = arms.filter((arm) => arm !== 'none');
  return [
    ...(warmsUp ? roundsOf(spec) : []),
    ...seeds.flatMap((seed) => finetuned.flatMap((arm) => finetuneStages(arm, seed))),
  ];
}

function armsOf({ arms, control }: Json<PipelineSpec>): readonly string[] {
  const wanted = arms.length === 0 ? ['warmup', 'scratch'] : arms;
  return ['warmup', 'scratch', 'control', 'joint', 'none'].filter(
    (arm) => wanted.includes(arm) || (arm === 'control' && control),
  );
}

/** Where the labels are there already, nobody has to make any. */
function usesTruth({ warmupLabels }: Json<PipelineSpec>): boolean {
  return warmupLabels === 'WARMUP_LABELS_TRUTH' || warmupLabels === 'WARMUP_LABELS_LABELED';
}

/** Earlier rounds have names of their own. */
function roundsOf(spec: Json<PipelineSpec>): readonly PlannedStage[] {
  const rounds = Math.max(1, spec.rounds);
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) => {
    const before = round === 1 ? [] : [`warmup/round-${round - 1}`];
    const stages = [...labelingStages(spec), ...warmupStages(spec)];
    const named = round === rounds ? stages : stages.map((stage) => inRound(stage, round));
    return named.map((stage, index) => (index === 0 ? { ...stage, needs: before } : stage));
  });
}

function inRound({ name, service, needs }: PlannedStage, round: number): PlannedStage {
  const named = (plain: string): string => `${plain}/round-${round}`;
  return { name: named(name), service, needs: needs.map(named) };
}

function choosesByScores({ threshold, thresholdRule }: Json<PipelineSpec>): boolean {
  return threshold === 0 && thresholdRule === 'THRESHOLD_RULE_SCORES';
}

function labelsReady(spec: Json<PipelineSpec>): readonly string[] {
  return choosesByScores(spec) ? ['labeling', 'threshold'] : ['labeling'];
}

function labelingStages(spec: Json<PipelineSpec>): readonly PlannedStage[] {
  if (usesTruth(spec)) return [];
  const byScores = choosesByScores(spec);
  const chosen = spec.threshold === 0 && !byScores ? ['threshold'] : [];
  return [
    training('labeler', []),
    evaluation('evaluate/labeler', ['labeler']),
    ...chosen.map((name) => evaluation(name, ['labeler'])),
    { name: 'labeling', service: 'labeler', needs: ['labeler', ...chosen] },
    ...(byScores ? [evaluation('threshold', ['labeling'])] : []),
    ...(spec.unlabeledTruth === undefined ? [] : [evaluation('pseudo-labels', labelsReady(spec))]),
  ];
}

function warmupStages(spec: Json<PipelineSpec>): readonly PlannedStage[] {
  return [
    training('warmup', usesTruth(spec) ? [] : labelsReady(spec)),
    evaluation('evaluate/warmup', ['warmup']),
  ];
}

function finetuneStages(arm: string, seed: number): readonly PlannedStage[] {
  const name = `finetune/${arm}/${seed}`;
  return [training(name, arm === 'warmup' ? ['warmup'] : []), evaluation(`evaluate/${name}`, [name])];
}

function training(name: string, needs: readonly string[]): PlannedStage {
  return { name, service: 'trainer', needs };
}

function evaluation(name: string, needs: readonly string[]): PlannedStage {
  return { name, service: 'evaluator', needs };
}
