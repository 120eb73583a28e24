import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset, type Detector } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { failedPrecondition } from '@cassl/errors';
import {
  Checkpoint,
  RegistryServiceDefinition,
  Stage,
  TrainingSpec,
  type Manifest,
  type PublishCheckpointStart,
  type SetAliasRequest,
} from '@cassl/proto';
import { createClient, createLogger, implement, serve, type RunningServer } from '@cassl/rpc';
import type { RegistryClient } from '@cassl/workers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TrainingData } from './open-training-data.ts';
import { MODEL_FILE, publishTraining } from './publish-training.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
let folder: string;
let detector: Detector;
let server: RunningServer;
let registry: RegistryClient;
const published: { digest: string; manifest: Manifest; bytes: number }[] = [];
const aliases: SetAliasRequest[] = [];
let isRefused = false;

type RegistryMethods = Parameters<typeof implement<RegistryServiceDefinition>>[1];
/** Of a registry that takes everything. */
const registryMethods: Partial<RegistryMethods> = {
  getUpload: () => Promise.resolve({ receivedBytes: 0, published: false }),
  async publishCheckpoint(parts) {
    let start: PublishCheckpointStart | undefined;
    let bytes = 0;
    for await (const { part } of parts) {
      if (part?.$case === 'start') start = part.value;
      else bytes += part?.value.length ?? 0;
    }
    const { digest, manifest, sizeBytes } = start!;
    published.push({ digest, manifest: manifest!, bytes });
    return { checkpoint: Checkpoint.fromPartial({ digest, sizeBytes, manifest }), existed: false };
  },
  setAlias(request) {
    if (isRefused) throw failedPrecondition('the rule of the alias wants more AP');
    aliases.push(request);
    return Promise.resolve({});
  },
};
const others = (): object =>
  Object.fromEntries(
    Object.keys(RegistryServiceDefinition.methods).map((name) => [name, expect.unreachable]),
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-publish-'));
  await openEngine({ engine: 'cpu', logger });
  detector = createDetector(detectorPreset('tiny', { classes: 2 }), { seed: 1 });
  const service = implement(RegistryServiceDefinition, { ...others(), ...registryMethods } as never);
  server = await serve({ name: 'registry', services: [service], logger });
  registry = createClient(RegistryServiceDefinition, server.address, { security: {} });
});
beforeEach(() => {
  published.length = 0;
  aliases.length = 0;
  isRefused = false;
});
afterAll(async () => {
  registry.close();
  await server.stop({ drainMs: 500 });
  detector.dispose();
  await rm(folder, { recursive: true, force: true });
});

const data = {
  categories: [
    { id: 3, name: 'cat' },
    { id: 7, name: 'dog' },
  ],
  sources: [{ role: 'labeled', uri: 'file:///l.json', digest: 'd', license: '', teacher: '' }],
  parents: ['teacher'],
  notes: [],
} as unknown as TrainingData;

const publish = (changes: object = {}): Promise<string> =>
  publishTraining({
    folder,
    trainingId: 't1',
    spec: TrainingSpec.fromPartial({
      stage: Stage.STAGE_FINETUNE,
      schedule: { iterations: 20 },
      seed: 5,
      tags: { arm: 'warmup' },
      ...changes,
    }),
    detector,
    data,
    parents: ['warm', 'teacher'],
    registry,
    signal: new AbortController().signal,
  });

describe('a trained detector', () => {
  it('is published whole, with the story of how it was made, each parent once', async () => {
    const digest = await publish();
    const [first] = published;
    expect(first).toMatchObject({
      digest,
      manifest: {
        stage: Stage.STAGE_FINETUNE,
        categories: data.categories,
        parents: ['warm', 'teacher'],
        seed: 5,
        iterations: 20,
        trainingId: 't1',
        tags: { arm: 'warmup' },
        training: { schedule: { iterations: 20 } },
      },
    });
    expect(first!.manifest.model).toMatchObject({ classes: 2 });
    const { tensors } = await readSafetensors(join(folder, MODEL_FILE));
    expect(new Set(tensors.keys())).toEqual(new Set((await detector.stateDict()).keys()));
    expect(first!.bytes).toBeGreaterThan(
      [...tensors.values()].reduce((sum, { data: d }) => sum + d.length, 0),
    );
    expect(aliases).toEqual([]);
  });

  it('has the same digest when it is published again, so that an attempt after an outage is harmless', async () => {
    expect(await publish()).toBe(await publish());
  });

  it('moves the alias that was asked for, and says which training did', async () => {
    const digest = await publish({ alias: 'demo/detector' });
    expect(aliases).toMatchObject([{ alias: 'demo/detector', reference: digest, reason: 'training t1' }]);
  });

  it('fails with the reason of an alias that does not take it', async () => {
    isRefused = true;
    await expect(publish({ alias: 'demo/detector' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('the rule of the alias wants more AP'),
    });
    expect(published).toHaveLength(1);
  });
});
