import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nearest } from './check-keys.ts';
import { readPipelineFile } from './read-pipeline-file.ts';

const PRESETS = fileURLToPath(new URL('../../../../pipelines', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-yaml-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const MINIMAL = `
name: mine
data: { coco: /data/coco }
model: { preset: tiny }
labeler: { iterations: 10 }
warmup: { iterations: 20 }
finetune: { iterations: 5 }
`;

async function read(text: string, changes: readonly string[] = []): ReturnType<typeof readPipelineFile> {
  const path = join(folder, 'pipeline.yaml');
  await writeFile(path, text);
  return readPipelineFile(path, changes);
}

describe('readPipelineFile', () => {
  it('reads every preset of the repository', async () => {
    const names = (await readdir(PRESETS)).filter((name) => name.endsWith('.yaml'));
    expect(names).toContain('demo.yaml');
    for (const name of names) await readPipelineFile(join(PRESETS, name));
  });

  it('fills in what is left out', async () => {
    expect(await read(MINIMAL)).toMatchObject({
      threshold: 'auto',
      holdout: 0.2,
      seeds: [1],
      control: false,
      labeler: { iterations: 10, batchSize: 16, learningRate: 1e-3, augmentation: 'jitter' },
    });
  });

  it('names a misspelt key and the one that was meant, at any depth', async () => {
    await expect(read(`${MINIMAL}treshold: 0.3\n`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/unknown key "treshold"; did you mean "threshold"\?/),
    });
    await expect(read(MINIMAL, ['warmup.itertions=5'])).rejects.toThrow(
      /unknown key "warmup\.itertions"; did you mean "warmup\.iterations"/,
    );
  });

  it('names the key of a bad value', async () => {
    await expect(read(MINIMAL, ['warmup.iterations=0'])).rejects.toThrow(/warmup\.iterations: .*1/);
    await expect(read(MINIMAL, ['threshold=1.5'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('changes keys that the file has and keys that it has not', async () => {
    const file = await read(MINIMAL, ['warmup.iterations=7', 'model.settings.masks=false', 'seeds=[1, 2]']);
    expect(file).toMatchObject({
      warmup: { iterations: 7 },
      model: { settings: { masks: false } },
      seeds: [1, 2],
    });
  });

  it('says where there is no file, no YAML, and no = in a change', async () => {
    await expect(readPipelineFile(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(read('a: [')).rejects.toThrow(/is not YAML/);
    await expect(read(MINIMAL, ['warmup'])).rejects.toThrow(/write it as key=value/);
  });
});

describe('nearest', () => {
  it('is the candidate that takes the fewest edits, case ignored, as it is written', () => {
    expect(nearest('sittin', ['kitten', 'Sitting', 'abc'])).toBe('Sitting');
    expect(nearest('ITERATION', ['iterations', 'batchSize'])).toBe('iterations');
    expect(nearest('x', [])).toBe('');
  });
});
