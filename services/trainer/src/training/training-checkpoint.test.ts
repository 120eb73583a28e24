import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32Tensor, writeSafetensors } from '@cassl/checkpoints';
import { afterAll, beforeAll, expect, describe, it } from 'vitest';
import { loadTrainingCheckpoint, saveTrainingCheckpoint } from './training-checkpoint.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-resume-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('training checkpoints', () => {
  it('come back as they were saved, the newest one, and leave no other file', async () => {
    expect(await loadTrainingCheckpoint(folder)).toBeUndefined();
    const tensor = (value: number): ReturnType<typeof float32Tensor> =>
      float32Tensor([1], Float32Array.of(value));
    for (const iteration of [4, 8]) {
      await saveTrainingCheckpoint(folder, {
        iteration,
        model: new Map([['head.weight', tensor(iteration)]]),
        optimizer: new Map([['step', tensor(-iteration)]]),
        state: { random: 2 ** 32 - iteration, positives: 0.1 + 0.2 },
        curve: [{ iteration, learningRate: 0.1, losses: { total: 0.1 + 0.2 }, imagesPerSecond: 8 }],
      });
    }
    const loaded = await loadTrainingCheckpoint(folder);
    expect(loaded?.iteration).toBe(8);
    expect(loaded?.state).toEqual({ random: 2 ** 32 - 8, positives: 0.1 + 0.2 });
    expect(loaded?.curve).toMatchObject([{ iteration: 8, losses: { total: 0.1 + 0.2 } }]);
    expect(new Float32Array(loaded!.model.get('head.weight')!.data.slice().buffer)).toEqual(
      Float32Array.of(8),
    );
    expect(new Float32Array(loaded!.optimizer.get('step')!.data.slice().buffer)).toEqual(Float32Array.of(-8));
    expect(await readdir(folder)).toEqual(['resume.safetensors']);
  });

  it('are refused, not taken for a fresh start, where nobody can look whether there is one', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    await expect(loadTrainingCheckpoint(file)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await rm(file);
  });

  it('are refused where they do not say how far they are', async () => {
    const other = await mkdtemp(join(folder, 'other-'));
    await writeSafetensors(join(other, 'resume.safetensors'), new Map(), { iteration: 'many' });
    await expect(loadTrainingCheckpoint(other)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('remove it to start afresh'),
    });
  });

  it('are refused where the file is not one', async () => {
    await writeFile(join(folder, 'resume.safetensors'), 'half a file');
    await expect(loadTrainingCheckpoint(folder)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
