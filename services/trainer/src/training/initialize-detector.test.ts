import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeSafetensors, type StateDict } from '@cassl/checkpoints';
import { createDetector, detectorPreset, partOf, type Detector } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { Checkpoint, TrainingSpec } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import type { RegistryClient } from '@cassl/workers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initializeDetector } from './initialize-detector.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
let folder: string;
let source: StateDict;
let checkpoint: Checkpoint;
let detector: Detector | undefined;

/** A class-agnostic model in the cache of downloads, as a warmup leaves it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-initialize-'));
  await openEngine({ engine: 'cpu', logger });
  const warmed = createDetector(detectorPreset('tiny', { classes: 1 }), { seed: 1 });
  source = await warmed.stateDict();
  warmed.dispose();
  const path = join(folder, 'new.safetensors');
  await writeSafetensors(path, source, { format: 'pt' });
  const bytes = await readFile(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  await mkdir(join(folder, 'cache'));
  await writeFile(join(folder, 'cache', `${digest}.safetensors`), bytes);
  checkpoint = Checkpoint.fromPartial({ digest, sizeBytes: bytes.length });
});
afterEach(() => {
  detector?.dispose();
  detector = undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Started {
  readonly parents: string[];
  /** The parts in which at least one weight is the source's, and those in which none is. */
  readonly taken: string[];
  readonly fresh: string[];
}

async function initialize(initialization: object, { skip = false, classes = 3 } = {}): Promise<Started> {
  const registry: Pick<RegistryClient, 'getCheckpoint'> = {
    getCheckpoint: () => Promise.resolve({ checkpoint, evaluations: [], omittedEvaluations: 0 }),
  };
  detector = createDetector(detectorPreset('tiny', { classes }), { seed: 2 });
  const parents = await initializeDetector({
    detector,
    spec: TrainingSpec.fromPartial({ seed: 3, initialization }),
    registry: registry as RegistryClient,
    cacheDir: join(folder, 'cache'),
    logger,
    skip,
  });
  const state = await detector.stateDict();
  const taken = new Set<string>();
  const all = new Set<string>();
  for (const [name, { data }] of state) {
    all.add(partOf(name));
    const before = source.get(name);
    // What every model begins with says nothing: norms of one, biases of zero.
    if (before === undefined || new Set(data).size <= 3) continue;
    if (Buffer.compare(before.data, data) === 0) taken.add(partOf(name));
  }
  return { parents, taken: [...taken].sort(), fresh: [...all].filter((part) => !taken.has(part)).sort() };
}

describe('the first weights of a training', () => {
  it('are its own where nothing is named', async () => {
    expect(await initialize({})).toMatchObject({ parents: [], taken: [] });
  });

  it('are all of the checkpoint that fit, whose digest it answers', async () => {
    const { parents, taken, fresh } = await initialize({ checkpoint: 'warm' });
    expect(parents).toEqual([checkpoint.digest]);
    expect(taken).toEqual(['backbone', 'head', 'neck']);
    expect(fresh).toEqual(['classifier']);
  });

  it('are those of the parts that are named', async () => {
    const parts = ['MODEL_PART_BACKBONE', 'MODEL_PART_NECK'];
    expect((await initialize({ checkpoint: 'warm', parts })).taken).toEqual(['backbone', 'neck']);
  });

  it('give every class the class-agnostic classifier, unless it shall be random', async () => {
    const bytes = source.get('proposal_generator.fcos_head.cls_logits.weight')!.data;
    const classifier = async (): Promise<Uint8Array> => {
      const state = await detector!.stateDict();
      return state.get('proposal_generator.fcos_head.cls_logits.weight')!.data;
    };
    await initialize({ checkpoint: 'warm' });
    expect(Buffer.from(await classifier())).toEqual(Buffer.concat([bytes, bytes, bytes]));
    detector!.dispose();
    await initialize({ checkpoint: 'warm', classifier: 'CLASSIFIER_INITIALIZATION_RANDOM' });
    expect(Buffer.from(await classifier()).includes(Buffer.from(bytes))).toBe(false);
  });

  it('are left to a resumed training, which only names its parents', async () => {
    expect(await initialize({ checkpoint: 'warm' }, { skip: true })).toMatchObject({
      parents: [checkpoint.digest],
      taken: [],
    });
  });

  it('are refused from a backbone file that lacks some of them', async () => {
    const path = join(folder, 'half.safetensors');
    const backbone = [...source].filter(([name]) => partOf(name) === 'backbone');
    await writeSafetensors(path, new Map(backbone.slice(0, 4)), { format: 'pt' });
    await expect(initialize({ backboneUri: pathToFileURL(path).href })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(
        /lacks \d+ of the backbone's weights, .*is it a file for another backbone\?/,
      ),
    });
  });

  it('are refused from a file that is not there', async () => {
    const backboneUri = pathToFileURL(join(folder, 'nothing.pth')).href;
    await expect(initialize({ backboneUri })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('Initialization.backbone_uri'),
    });
  });
});
