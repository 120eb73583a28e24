import type { PipelineSpec } from '@cassl/proto';

/** What can be finetuned and compared; `none` warms up only. */
export const ARM_NAMES = ['warmup', 'scratch', 'control', 'joint', 'none'] as const;
export type ArmName = (typeof ARM_NAMES)[number];

export function armsOf({ arms, control }: PipelineSpec): readonly ArmName[] {
  const wanted: readonly string[] = arms.length === 0 ? ['warmup', 'scratch'] : arms;
  return ARM_NAMES.filter((name) => wanted.includes(name) || (name === 'control' && control));
}

/** Whether the first two stages are needed at all. */
export function warmsUp(spec: PipelineSpec): boolean {
  return armsOf(spec).some((arm) => arm === 'warmup' || arm === 'none');
}

/** Seeds of the compared arms. */
export function seedsOf({ seeds }: PipelineSpec): readonly number[] {
  return seeds.length === 0 ? [1] : seeds;
}
