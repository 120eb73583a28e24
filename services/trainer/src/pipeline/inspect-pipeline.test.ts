import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateScenes } from '@cassl/datasets';
import { PipelineSpec, type PipelineServiceCheckResponse } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectPipeline } from './inspect-pipeline.ts';

let folder: string;
const uri = (path: string): string => pathToFileURL(join(folder, path)).href;
const split = (name: string): object => ({
  annotationsUri: uri(`annotations/instances_${name}.json`),
  imagesUri: uri(name),
});
const stage = { schedule: { iterations: 4, batchSize: 2, learningRate: 1e-3 }, augmentation: 'weak' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-check-'));
  await generateScenes({ out: folder, labeled: 5, unlabeled: 6, val: 3, size: 64, seed: 4 });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inspect(changes: object = {}): Promise<PipelineServiceCheckResponse> {
  const spec = PipelineSpec.fromPartial({
    name: 'checked',
    labeled: split('train2017'),
    validation: split('val2017'),
    unlabeled: { uri: uri('unlabeled2017') },
    model: { preset: 'tiny' },
    labeler: stage,
    warmup: stage,
    finetune: stage,
    outputUri: uri('out'),
    ...changes,
  });
  return inspectPipeline(spec, createLogger({ name: 'check', level: 'silent' }));
}

describe('inspectPipeline', () => {
  it('counts what will be used, names the engine and estimates what will be written', async () => {
    const found = await inspect();
    expect(found.findings).toEqual([]);
    expect(found.data.map(({ name, images }) => [name, images])).toEqual([
      ['labeled', 5],
      ['validation', 3],
      ['unlabeled', 6],
    ]);
    expect(found.engine).toMatch(/^(torch|tensorflow|wasm) \(/);
    expect(found.parameters).toBeGreaterThan(100_000);
    expect(found.outputBytes).toBeGreaterThan(found.parameters * 4 * 4);
    expect(found.freeBytes).toBeGreaterThan(0);
  });

  it('tells every wrong field at once, not the first alone', async () => {
    const wrong = { model: { preset: 'tinny' }, warmup: { ...stage, augmentation: 'strnog' }, threshold: 2 };
    const { findings } = await inspect({
      ...wrong,
      validation: { ...split('val2017'), annotationsUri: uri('no.json') },
    });
    expect(findings.map(({ code }) => code)).toEqual([
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'NOT_FOUND',
    ]);
    expect(findings.map(({ message }) => message).join('\n')).toMatch(
      /tinny[^]*strnog[^]*threshold[^]*no\.json/,
    );
  });

  it('finds validation labels that are no annotations, and categories that the training never names', async () => {
    await writeFile(join(folder, 'broken.json'), '{"images": [');
    const broken = await inspect({ validation: { ...split('val2017'), annotationsUri: uri('broken.json') } });
    expect(broken.findings).toMatchObject([{ field: 'PipelineSpec.validation', code: 'INVALID_ARGUMENT' }]);

    const text = await readFile(join(folder, 'annotations/instances_val2017.json'), 'utf8');
    const coco = JSON.parse(text) as { categories: { name: string }[] };
    for (const category of coco.categories) category.name = `other ${category.name}`;
    await writeFile(join(folder, 'other.json'), JSON.stringify(coco));
    const other = await inspect({ validation: { ...split('val2017'), annotationsUri: uri('other.json') } });
    expect(other.findings).toMatchObject([
      { code: 'FAILED_PRECONDITION', message: expect.stringContaining('none of the labeled set') },
    ]);
  });

  it('finds a pool without images', async () => {
    await mkdir(join(folder, 'empty'));
    const { findings } = await inspect({ unlabeled: { uri: uri('empty') } });
    expect(findings).toMatchObject([{ field: 'PipelineSpec.unlabeled', code: 'FAILED_PRECONDITION' }]);
  });
});
