import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32Tensor, writeSafetensors, type StateDict } from '@cassl/checkpoints';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { Checkpoint } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { rleArea, rleMerge, type RgbImage } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEngine } from './describe-engine.ts';
import { detectWithOptions } from './detect-with-options.ts';
import { USUAL_OPTIONS } from './inference-options.ts';
import { openModel, type OpenModel } from './open-model.ts';

const config = detectorPreset('tiny', { classes: 2 });
const categories = [
  { id: 3, name: 'cat' },
  { id: 5, name: 'tree' },
];

/** Of an untrained detector that is sure of everything: what it finds is enough to look at. */
async function weights(): Promise<StateDict> {
  const state = await createDetector(config, { seed: 1 }).stateDict();
  const name = [...state.keys()].find((key) => key.endsWith('cls_logits.bias'))!;
  return state.set(name, float32Tensor([2], Float32Array.of(3, 3)));
}

let home: string;
let path: string;
let checkpoint: Checkpoint;
let engine: Awaited<ReturnType<typeof openEngine>>;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-model-'));
  path = join(home, 'model.safetensors');
  engine = await openEngine({ logger: createLogger({ name: 'test', level: 'silent' }) });
  await writeSafetensors(path, await weights(), { format: 'pt' });
  checkpoint = Checkpoint.fromPartial({
    digest: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
    manifest: { model: { ...config }, categories },
  });
});
afterAll(() => rm(home, { recursive: true, force: true }));

const picture = (shade: number): RgbImage => ({
  width: 64,
  height: 48,
  data: new Uint8Array(64 * 48 * 3).map((_, index) => (index * shade) % 251),
});

describe('a checkpoint that is opened', () => {
  it('has the weights of its file and the categories of its manifest', async () => {
    const model = await openModel(checkpoint, path);
    expect(model).toMatchObject({ digest: checkpoint.digest, categories });
    expect(await model.detector.stateDict()).toEqual(await weights());
  });

  it.each([
    ['no manifest', { manifest: undefined }],
    ['no model', { manifest: { model: undefined, categories } }],
    ['no categories', { manifest: { model: { ...config }, categories: [] } }],
  ])('with %s is no detector', async (_, changes) => {
    const wrong = Checkpoint.fromPartial({ digest: checkpoint.digest, ...changes });
    await expect(openModel(wrong, path)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(checkpoint.digest) as string,
    });
  });

  it('with more classes in its manifest than in its file is refused', async () => {
    const manifest = { model: { ...detectorPreset('tiny', { classes: 5 }) }, categories };
    const wrong = Checkpoint.fromPartial({ digest: checkpoint.digest, manifest });
    await expect(openModel(wrong, path)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/does not fit: .*cls_logits.*2 classes there, 5 here/) as string,
    });
  });
});

describe('detections with options', () => {
  let model: OpenModel;
  beforeAll(async () => {
    model = await openModel(checkpoint, path);
  });
  const detect = (changes: Partial<typeof USUAL_OPTIONS> = {}): ReturnType<typeof detectWithOptions> =>
    detectWithOptions(model, [picture(7), picture(11)], { ...USUAL_OPTIONS, threshold: 0, ...changes });

  it('are above the threshold and as many as allowed, best first', async () => {
    const [all = []] = await detect();
    expect(all.length).toBeGreaterThan(3);
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).sort((a, b) => b - a));
    const floor = all[2]!.score;
    const [above = []] = await detect({ threshold: floor });
    expect(above.every(({ score }) => score > floor)).toBe(true);
    expect((await detect({ maxDetections: 2 })).map(({ length }) => length)).toEqual([2, 2]);
  });

  it('share no pixel where they must not overlap', async () => {
    const [found = []] = await detect({ nonOverlap: true, masks: false });
    expect(found.length).toBeGreaterThan(0);
    const masks = found.map(({ mask }) => mask!);
    expect(rleArea(rleMerge(masks))).toBe(masks.reduce((sum, mask) => sum + rleArea(mask), 0));
  });

  it('of no images are none', async () => {
    expect(await detectWithOptions(model, [], USUAL_OPTIONS)).toEqual([]);
  });
});

describe('the engine in words', () => {
  it('says what people ask for', () => {
    expect(describeEngine({ ...engine, name: 'torch', device: 'cpu', threads: 2 })).toBe(
      'torch (cpu, 2 threads)',
    );
    expect(describeEngine({ ...engine, name: 'torch', device: 'cpu', threads: 1 })).toBe(
      'torch (cpu, 1 thread)',
    );
    expect(describeEngine({ ...engine, name: 'torch', device: 'cuda', threads: 8 })).toBe('torch (cuda)');
  });
});
