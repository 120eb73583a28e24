import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lazyState, pieceContent, type StateDict } from '@cassl/checkpoints';
import { createDetector, parseDetectorConfig, type DetectorConfig } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { planOnnx } from '@cassl/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

let views: TestViews;
let digest: string;
let stored: number;
let state: StateDict;
let config: DetectorConfig;

beforeAll(async () => {
  await openEngine({ engine: 'cpu' });
  views = await startViews();
  const model = {
    backbone: 'resnet18',
    pyramidChannels: 16,
    towerGroups: 4,
    masks: false,
    resizeShortSide: 64,
    resizeLongSide: 96,
  } as const;
  const detector = createDetector(model, { seed: 1 });
  state = await detector.stateDict();
  detector.dispose();
  config = parseDetectorConfig(model);
  const published = await views.publish(state, {
    aliases: ['team/net'],
    manifest: { model: config, categories: [{ id: 1, name: 'thing', supercategory: '' }] as never },
  });
  digest = published.digest;
  stored = published.bytes.byteLength;
});
afterAll(() => views.stop());

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the ONNX view', () => {
  it('is what the exporter writes, with the digest announced, and runs in onnxruntime', async () => {
    const response = await views.get('/v1/checkpoints/team/net/file?for=onnx');
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const plan = planOnnx(lazyState(state), { config, categories: ['thing'] });
    expect(sha256(bytes)).toBe(sha256(Buffer.concat(plan.pieces.map(pieceContent))));
    expect(response.headers.get('etag')).toBe(`"${sha256(bytes)}"`);
    const session = await InferenceSession.create(bytes);
    const images = new Tensor('float32', new Float32Array(3 * 64 * 64), [1, 3, 64, 64]);
    expect(Object.keys(await session.run({ images }))).toEqual(['boxes', 'scores', 'labels', 'counts']);
    await session.release();
  });

  it('answers ranges, names its address, and gives raw outputs', async () => {
    const facts = (await (await views.get(`/v1/checkpoints/${digest}?for=onnx`)).json()) as { onnx: string };
    const path = new URL(facts.onnx).pathname;
    const whole = Buffer.from(await (await views.get(path)).arrayBuffer());
    const part = await views.get(path, { headers: { range: 'bytes=1000-90000' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(1000, 90_001));
    const raw = await InferenceSession.create(
      Buffer.from(await (await views.get(`${path}?outputs=raw`)).arrayBuffer()),
    );
    expect(raw.outputNames[0]).toBe('class_logits');
    await raw.release();
  });

  it('stores nothing but a digest', async () => {
    const files = await readdir(join(views.folder, 'data'), { recursive: true, withFileTypes: true });
    const sizes = await Promise.all(
      files
        .filter((file) => file.isFile() && !/sqlite|\.db/.test(file.name))
        .map(async (file) => (await stat(join(file.parentPath, file.name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1.02 * stored);
  });

  it('says what it cannot give', async () => {
    const bare = await views.publish(new Map([...state].slice(0, 3)));
    const answers = await Promise.all(
      [
        `/v1/checkpoints/${bare.digest}/file?for=onnx`,
        `/v1/checkpoints/${digest}/file?for=onnx&outputs=boxes`,
      ].map(async (path) => JSON.stringify(await (await views.get(path)).json())),
    );
    expect(answers[0]).toContain('has no detector configuration in its manifest');
    expect(answers[1]).toContain('outputs must be one of detections, raw');
  });
});
