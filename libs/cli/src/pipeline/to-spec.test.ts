import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnnotationKind, type PipelineSpec } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineSchema } from './pipeline-schema.ts';
import { toPipelineSpec } from './to-spec.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-to-spec-'));
  await mkdir(join(folder, 'annotations'));
  await mkdir(join(folder, 'unlabeled2017'));
  for (const name of ['train2017', 'val2017', 'unlabeled2017']) {
    await writeFile(join(folder, `annotations/instances_${name}.json`), '{}');
    await writeFile(join(folder, `annotations/panoptic_${name}.json`), '{}');
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function specOf(keys: object): Promise<PipelineSpec> {
  const stage = { iterations: 1 };
  const file = { name: 'p', model: { preset: 'tiny' }, labeler: stage, warmup: stage, finetune: stage };
  const parsed = pipelineSchema.parse({ ...file, data: { coco: folder }, ...keys });
  return toPipelineSpec(parsed, { out: join(folder, 'out'), home: folder });
}

const PANOPTIC = AnnotationKind.ANNOTATION_KIND_PANOPTIC;
const INSTANCES = AnnotationKind.ANNOTATION_KIND_INSTANCES;

describe('what a pipeline learns from', () => {
  it.each([
    ['objects throughout', {}, INSTANCES, undefined, INSTANCES],
    ['entities, then objects', { entities: true }, INSTANCES, PANOPTIC, PANOPTIC],
    ['objects, then panoptic', { panoptic: true }, PANOPTIC, INSTANCES, INSTANCES],
    ['entities, then panoptic', { panoptic: true, entities: true }, PANOPTIC, undefined, PANOPTIC],
  ])('%s', async (_, keys, finetuned, early, truth) => {
    const spec = await specOf(keys);
    expect([spec.labeled?.kind, spec.validation?.kind]).toEqual([finetuned, finetuned]);
    expect([spec.labeledAgnostic?.kind, spec.validationAgnostic?.kind]).toEqual([early, early]);
    expect(spec.unlabeledTruth?.kind).toBe(truth);
  });

  it('says that panoptic finetuning needs panoptic annotations', async () => {
    const labeled = { annotations: 'a.json', images: 'a' };
    const data = { labeled, validation: labeled, unlabeled: 'u' };
    await expect(specOf({ panoptic: true, data })).rejects.toThrow(
      'panoptic: true needs data.scenes or data.coco',
    );
  });
});
