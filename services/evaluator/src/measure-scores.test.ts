import type { Detection } from '@cassl/vision';
import { expect, it } from 'vitest';
import { labelsOf, useFolder, writeLabels } from './evaluation.fixture.ts';
import { measureScores } from './measure-scores.ts';

const folder = useFolder();
const scored = (score: number): Detection => ({ box: [0, 0, 8, 8], score, category: 0 });

function write(name: string, scores: readonly (readonly number[])[]): Promise<string> {
  const records = scores.map((list, index) => labelsOf(`${index}.jpg`, list.map(scored)));
  return writeLabels(folder.path, name, records);
}

it('chooses a threshold from the scores of label files, without images or truth', async () => {
  const uri = await write('a.jsonl.gz', [[0.1, 0.12, 0.8], [], [0.08, 0.75]]);
  const progress: number[] = [];
  const measured = await measureScores([uri], (done) => progress.push(done));
  expect(measured.bestThreshold).toBeGreaterThan(0.12);
  expect(measured.bestThreshold).toBeLessThan(0.75);
  expect(measured.imageCount).toBe(3);
  expect(progress).toEqual([3]);
});

it('says so where no label was found', async () => {
  const uri = await write('none.jsonl.gz', [[], []]);
  await expect(measureScores([uri], () => undefined)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});
