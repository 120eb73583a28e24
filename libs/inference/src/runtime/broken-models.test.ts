import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toFloat32, writeSafetensors, type StateDict } from '@cassl/checkpoints';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRuntime, type InferenceRuntime } from './runtime.ts';

const config = detectorPreset('tiny', { priorProbability: 0.4, masks: false });
const categories = [{ id: 1, name: 'object' }];
const image = { kind: 'rgb', width: 40, height: 30, data: new Uint8Array(3600).fill(90) } as const;
const RUNTIMES = ['torch', 'onnx', 'auto'] as const;

let folder: string;
let opened: InferenceRuntime | undefined;

/** Writes the same detector with one tensor changed. */
async function write(name: string, change: (state: StateDict) => void): Promise<void> {
  const detector = createDetector(config, { seed: 2 });
  const state = new Map(await detector.stateDict());
  detector.dispose();
  change(state);
  await writeSafetensors(join(folder, name), state);
}

function weights(state: StateDict, ending: string): Float32Array {
  const [, tensor] = [...state].find(([name]) => name.endsWith(ending))!;
  return toFloat32(tensor);
}

beforeAll(async () => {
  await openEngine();
  folder = await mkdtemp(join(tmpdir(), 'cassl-broken-'));
  await write('good', () => undefined);
  await write('not-a-number', (state) => void weights(state, 'cls_logits.weight').fill(NaN, 3, 4));
  // Numbers, each of them, whose products are none.
  await write('too-large', (state) => void weights(state, 'cls_tower.0.weight').fill(3e38));
  await write('lacking', (state) => void state.delete('proposal_generator.fcos_head.cls_logits.weight'));
  await write('cut', () => undefined);
  await truncate(join(folder, 'cut'), 40_000);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await opened?.stop(0);
});

function open(runtime: (typeof RUNTIMES)[number], aliases: ReadonlyMap<string, string>): InferenceRuntime {
  opened = openRuntime({
    findModel: (reference) => {
      const digest = aliases.get(reference) ?? reference;
      const checkpoint = { digest, manifest: { model: config, categories } } as never;
      const spec = { kind: 'detector', runtime, path: join(folder, digest), checkpoint } as const;
      return Promise.resolve({ digest, categories, sizeBytes: 0, spec });
    },
    budget: { bytes: Infinity, policy: 'refuse' },
    limits: { images: 64, bytes: 2 ** 26, pixels: 4e7 },
    maxBatch: 4,
    decodePixels: 1e7,
    loadTimeoutMs: 120_000,
    hangMs: 120_000,
    aliasRefreshMs: 2 ** 30,
    logger: { info: () => undefined, warn: () => undefined },
  });
  return opened;
}

describe.each(RUNTIMES)('a model that does not come up, in %s', (kind) => {
  it.each([
    ['not-a-number', /cls_logits\.weight.* holds NaN/],
    ['too-large', /outputs for a plain picture sum to -?(NaN|Infinity); they must be finite/],
    ['lacking', /cls_logits\.weight/],
    ['cut', /cut|end|bytes/],
  ])('never serves: %s', async (name, why) => {
    const aliases = new Map([['prod', 'good']]);
    const runtime = open(kind, aliases);
    await runtime.load('prod', { pin: true });
    const refused = expect.objectContaining({ message: expect.stringMatching(why) as string });
    await expect(runtime.load(name)).rejects.toEqual(refused);
    const state = () => runtime.list().find(({ digest }) => digest === name);
    expect(state()).toMatchObject({ state: 'failed', reason: expect.stringMatching(why) as string });
    // Said again without being loaded again.
    const before = state();
    await expect(runtime.infer({ model: name, image })).rejects.toEqual(refused);
    expect(state()?.reason).toBe(before?.reason);
    expect(runtime.isReady(name)).toBe(false);
    // An alias that moves to it goes on with what it has.
    aliases.set('prod', name);
    await runtime.refresh();
    expect((await runtime.infer({ model: 'prod', image })).model.digest).toBe('good');
    expect(runtime.isReady()).toBe(true);
  });
});
