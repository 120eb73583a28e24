import type { LearningRateSchedule } from '@cassl/detector';
import { Decay, type Schedule } from '@cassl/proto';

/** The request's schedule in the detector's terms; a warm-up longer than the training is cut to it. */
export function toLearningRateSchedule(schedule: Schedule): LearningRateSchedule {
  const { iterations, learningRate, decay, milestones } = schedule;
  const rise = { base: learningRate, warmupIterations: Math.min(schedule.warmupIterations, iterations) };
  return decay === Decay.DECAY_MULTISTEP
    ? { ...rise, kind: 'multi-step', milestones }
    : { ...rise, kind: 'cosine', iterations };
}
