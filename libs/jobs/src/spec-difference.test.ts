import { EvaluationSpec, MetricKind, TrainingSpec } from '@cassl/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { specDifference } from './spec-difference.ts';

const spec = (iterations: number, rates: readonly number[] = []): TrainingSpec =>
  TrainingSpec.fromPartial({
    schedule: { iterations, batchSize: 2, learningRate: rates[0] ?? 0.1 },
  });

const evaluations = fc
  .record({
    checkpoint: fc.string(),
    labelUris: fc.array(fc.string(), { maxLength: 3 }),
    thresholds: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    metrics: fc.array(fc.constant(MetricKind.METRIC_KIND_BBOX), { maxLength: 2 }),
    nonOverlap: fc.boolean(),
  })
  .map((fields) => EvaluationSpec.fromPartial(fields));

describe('what differs between two specifications', () => {
  it('is nothing between one and itself as the broker keeps it', () => {
    fc.assert(
      fc.property(evaluations, (known) => {
        const kept = EvaluationSpec.decode(EvaluationSpec.encode(known).finish());
        expect(specDifference(EvaluationSpec, kept, known)).toBeUndefined();
      }),
    );
  });

  it('is something exactly where their bytes differ, whichever was first', () => {
    const bytes = (of: EvaluationSpec): string =>
      Buffer.from(EvaluationSpec.encode(of).finish()).toString('hex');
    fc.assert(
      fc.property(evaluations, evaluations, (a, b) => {
        const isSame = bytes(a) === bytes(b);
        expect(specDifference(EvaluationSpec, a, b) === undefined).toBe(isSame);
        expect(specDifference(EvaluationSpec, b, a) === undefined).toBe(isSame);
      }),
    );
  });

  it('is told by the path of the field and both values', () => {
    expect(specDifference(TrainingSpec, spec(100), spec(200))).toBe(
      'spec.schedule.iterations is 100, not 200',
    );
    const without = { ...spec(100), schedule: undefined };
    expect(specDifference(TrainingSpec, without, spec(1))).toMatch(/^spec\.schedule is absent, not \{/);
  });

  it('is the whole where one of them is missing', () => {
    expect(specDifference(TrainingSpec, undefined, spec(1))).toBe('spec');
    expect(specDifference(TrainingSpec, spec(1), undefined)).toBe('spec');
    expect(specDifference(TrainingSpec, undefined, undefined)).toBeUndefined();
  });

  it('cuts long values, so that a message stays one line', () => {
    const [known, asked] = ['a', 'b'].map((letter) =>
      EvaluationSpec.fromPartial({ checkpoint: letter.repeat(5000) }),
    );
    expect(specDifference(EvaluationSpec, known, asked)!.length).toBeLessThan(200);
  });
});
