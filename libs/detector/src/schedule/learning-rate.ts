import { invalidArgument } from '@cassl/errors';

interface Warmup {
  /** Learning rate after warm-up. */
  readonly base: number;
  /** Iterations of linear rise at the start. */
  readonly warmupIterations: number;
  /** Share of the rate at iteration 0 (default 0.001). */
  readonly warmupFactor?: number;
}

/** Decays at iteration indices: the first iteration at a milestone already uses the lower rate. */
export interface MultiStepSchedule extends Warmup {
  readonly kind: 'multi-step';
  readonly milestones: readonly number[];
  /** Factor per milestone (default 0.1). */
  readonly gamma?: number;
}

/** Half a cosine from `base` at the end of warm-up to `final` at `iterations`. */
export interface CosineSchedule extends Warmup {
  readonly kind: 'cosine';
  readonly iterations: number;
  /** Default 0. */
  readonly final?: number;
}

export interface ConstantSchedule extends Warmup {
  readonly kind: 'constant';
}

export type LearningRateSchedule = MultiStepSchedule | CosineSchedule | ConstantSchedule;

/**
 * Learning rate of iteration `iteration` ≥ 0 (method 1.6, 7.11): during warm-up it rises linearly from
 * factor · base to the value that the schedule has at the warm-up's end.
 */
export function learningRateAt(schedule: LearningRateSchedule, iteration: number): number {
  if (!(iteration >= 0))
    throw invalidArgument(`learningRateAt: iteration must be 0 or more, got ${iteration}`);
  const { base, warmupIterations, warmupFactor = 0.001 } = schedule;
  if (iteration >= warmupIterations) return base * multiplierAt(schedule, iteration);
  const target = base * multiplierAt(schedule, warmupIterations);
  const start = base * warmupFactor;
  return start + ((target - start) * iteration) / warmupIterations;
}

function multiplierAt(schedule: LearningRateSchedule, iteration: number): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'multi-step': {
      const passed = schedule.milestones.filter((milestone) => iteration >= milestone).length;
      return (schedule.gamma ?? 0.1) ** passed;
    }
    case 'cosine': {
      const { base, final = 0, iterations, warmupIterations } = schedule;
      const span = Math.max(1, iterations - warmupIterations);
      const progress = Math.min(1, Math.max(0, (iteration - warmupIterations) / span));
      return final / base + ((1 - final / base) * (1 + Math.cos(Math.PI * progress))) / 2;
    }
  }
}
