import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExperimentFile } from './read-experiment-file.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const EXPERIMENTS = join(ROOT, 'pipelines/experiments');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-experiment-'));
  await writeFile(
    join(folder, 'p.yaml'),
    'name: p\nmodel: { preset: tiny }\nlabeler: { iterations: 9 }\nwarmup: { iterations: 9 }\nfinetune: { iterations: 9 }\n',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(changes: Record<string, unknown>): Promise<ReturnType<typeof readExperimentFile>> {
  const path = join(folder, 'e.yaml');
  const file = {
    name: 'e',
    claim: 'c',
    pipeline: 'p.yaml',
    seeds: [1, 2],
    arms: { long: { 'warmup.iterations': 50 }, none: { arms: ['scratch'] } },
    statements: { gain: 'long.boxAP > none.boxAP' },
    ...changes,
  };
  await writeFile(path, JSON.stringify(file));
  return readExperimentFile(path);
}

describe('readExperimentFile', () => {
  it('makes a pipeline of each arm, which ends in one arm of the pipeline', async () => {
    const { arms } = await read({});
    expect(arms.map(({ name, measured }) => [name, measured])).toEqual([
      ['long', 'warmup'],
      ['none', 'scratch'],
    ]);
    expect(arms[0]?.pipeline).toMatchObject({
      name: 'e',
      warmup: { iterations: 50 },
      labeler: { iterations: 9 },
    });
    expect(arms[1]?.pipeline.warmup.iterations).toBe(9);
  });

  it('applies what is set for all arms first', async () => {
    const { arms } = await read({ set: { 'warmup.iterations': 5, 'finetune.iterations': 6 } });
    expect(arms.map(({ pipeline }) => [pipeline.warmup.iterations, pipeline.finetune.iterations])).toEqual([
      [50, 6],
      [5, 6],
    ]);
  });

  it.each([
    [
      { arms: { a: { 'warmup.iteration': 5 } }, statements: { x: 'a.boxAP > 0' } },
      /arms\.a: unknown key "warmup.iteration"; did you mean "warmup.iterations"/,
    ],
    [{ statements: { gain: 'lng.boxAP > none.boxAP' } }, /there is no arm "lng"; did you mean "long"/],
    [{ arms: { a: { arms: ['warmup', 'scratch'] } } }, /an arm of an experiment ends in one arm/],
    [{ seeds: [1] }, /e\.yaml: seeds/],
    [{ seeds: [1, 1] }, /must differ from each other/],
    [{ pipeline: 'q.yaml' }, /cannot read .*q\.yaml/],
    [{ clam: 'x' }, /unknown key "clam"; did you mean "claim"/],
  ])('refuses %j', async (changes, message) => {
    await expect(read(changes)).rejects.toThrow(message);
  });

  it('can read every experiment of the project, which have at least three seeds', async () => {
    const files = (await readdir(EXPERIMENTS)).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(5);
    for (const name of files) {
      const { file } = await readExperimentFile(join(EXPERIMENTS, name));
      expect(name, 'is named after its experiment').toBe(`${name.slice(0, 2)}-${file.name}.yaml`);
      expect(file.seeds.length).toBeGreaterThanOrEqual(3);
    }
  });
});
