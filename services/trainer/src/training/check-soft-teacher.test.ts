import { SoftTeacher, TrainingSpec } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { checkJointTraining, checkOneProcess, checkSoftTeacher } from './check-soft-teacher.ts';

const softTeacher = SoftTeacher.fromPartial({ unlabeled: { uri: 'file:///nowhere/unlabeled' } });
const labeled = { $case: 'labeled' as const, value: {} };

describe('what a joint training may ask', () => {
  it.each([
    [{ batchSize: 257 }, /T\.batch_size must be in \[0, 256\], got 257/],
    [{ weight: -1 }, /T\.weight must be in \[0, 100\], got -1/],
    [{ weight: NaN }, /T\.weight must be in \[0, 100\], got NaN/],
    [{ threshold: 1 }, /T\.threshold must be in \[0, 1\), got 1/],
    [{ momentum: 1 }, /T\.momentum must be in \[0, 1\), got 1/],
  ])('is in bounds: %o', (changes, message) => {
    expect(() => checkSoftTeacher('T', { ...softTeacher, ...changes })).toThrow(message);
  });

  it('is one process', () => {
    expect(() => checkOneProcess('S', { gpus: 0, nodes: 2, ranks: 0 })).toThrow(
      /one process, got gpus 0, nodes 2/,
    );
    expect(() => checkOneProcess('S', { gpus: 1, nodes: 1, ranks: 0 })).not.toThrow();
  });

  it('is labeled data and a pool that is there', async () => {
    const pseudo = { $case: 'pseudoLabels' as const, value: {} };
    await expect(checkJointTraining(TrainingSpec.fromPartial({ softTeacher, data: pseudo }))).rejects.toThrow(
      /soft_teacher needs labeled data/,
    );
    await expect(
      checkJointTraining(TrainingSpec.fromPartial({ softTeacher, data: labeled })),
    ).rejects.toThrow(/soft_teacher\.unlabeled\.uri/);
    await expect(checkJointTraining(TrainingSpec.fromPartial({ data: labeled }))).resolves.toBeUndefined();
  });
});
