import { TrainingSpec } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { checkTrainingSpec } from './check-training-spec.ts';

const good = {
  model: { preset: 'tiny' },
  data: {
    $case: 'labeled' as const,
    value: { annotationsUri: 'file:///a.json', imagesUri: 'file:///images' },
  },
  schedule: { iterations: 1, batchSize: 1, learningRate: 0.1 },
};

describe('checkTrainingSpec', () => {
  it('takes what can run', () => {
    expect(checkTrainingSpec(TrainingSpec.fromPartial(good)).model?.preset).toBe('tiny');
  });

  it.each([
    [{ model: undefined }, /TrainingSpec\.model\.preset is missing/],
    [{ data: undefined }, /TrainingSpec\.data is missing/],
    [{ schedule: { ...good.schedule, iterations: 0 } }, /schedule\.iterations must be at least 1, got 0/],
    [{ schedule: { ...good.schedule, learningRate: NaN } }, /learning_rate must be above 0, got NaN/],
    [
      { data: { $case: 'labeled' as const, value: { annotationsUri: '/a.json', imagesUri: 'file:///b' } } },
      /annotations_uri must be a file:\/\/ or s3:\/\/ address, got "\/a\.json"/,
    ],
    [{ data: { $case: 'pseudoLabels' as const, value: { labelUris: [] } } }, /label_uris is empty/],
  ])('refuses %j and names the field', (change, message) => {
    expect(() => checkTrainingSpec(TrainingSpec.fromPartial({ ...good, ...change }))).toThrow(message);
  });
});
