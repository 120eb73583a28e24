import { learningRateAt } from '@cassl/detector';
import { Decay, Schedule } from '@cassl/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toLearningRateSchedule } from './training-schedule.ts';

const schedules = fc
  .record({
    iterations: fc.integer({ min: 1, max: 300 }),
    learningRate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    warmupIterations: fc.integer({ min: 0, max: 600 }),
    decay: fc.constantFrom(Decay.DECAY_COSINE, Decay.DECAY_MULTISTEP),
    milestones: fc
      .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 3 })
      .map((steps) => steps.sort((a, b) => a - b)),
  })
  .map((fields) => Schedule.fromPartial(fields));

describe('the learning rate of a schedule', () => {
  it('is positive and at most what was asked for, at every step', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const rates = toLearningRateSchedule(schedule);
        for (let step = 0; step < schedule.iterations; step += 1) {
          const rate = learningRateAt(rates, step);
          expect(rate).toBeGreaterThan(0);
          expect(rate).toBeLessThanOrEqual(schedule.learningRate * (1 + 1e-12));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never rises after its warm-up', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const rates = toLearningRateSchedule(schedule);
        const first = Math.min(schedule.warmupIterations, schedule.iterations);
        for (let step = first + 1; step < schedule.iterations; step += 1) {
          const [before, now] = [learningRateAt(rates, step - 1), learningRateAt(rates, step)];
          expect(now).toBeLessThanOrEqual(before * (1 + 1e-12));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('drops at each milestone of a multi-step schedule, and nowhere else', () => {
    const schedule = Schedule.fromPartial({
      iterations: 90,
      learningRate: 1,
      decay: Decay.DECAY_MULTISTEP,
      milestones: [30, 60],
    });
    const rates = toLearningRateSchedule(schedule);
    const at = [0, 29, 30, 59, 60, 89].map((step) => learningRateAt(rates, step));
    expect(at).toEqual([1, 1, 0.1, 0.1, expect.closeTo(0.01), expect.closeTo(0.01)]);
  });
});
