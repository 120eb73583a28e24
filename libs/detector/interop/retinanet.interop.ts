import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  exportWeights,
  float32Tensor,
  readSafetensors,
  type StateDict,
  toFloat32,
  writeSafetensors,
} from '@cassl/checkpoints';
import { openEngine } from '@cassl/engine';
import type { TrainingSample } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRetinaNetHead, type RetinaNetHead } from '../src/heads/retinanet-head.ts';
import { anchorLoss } from '../src/losses/anchor-loss.ts';
import { parseDetectorConfig } from '../src/index.ts';
import { createParameterStore } from '../src/parameters.ts';
import { prepareBatch } from '../src/prepare-batch.ts';
import { levelSizes, pyramidLevels } from '../src/pyramid.ts';
import { saveState } from '../src/state/save-state.ts';
import { levelAnchors } from '../src/targets/anchors.ts';
import { matchAnchors } from '../src/targets/assign-anchors.ts';
import { applyDeltas } from '../src/inference/apply-deltas.ts';

const python = process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python';
const SIDE = 128;

const config = parseDetectorConfig({
  head: 'retinanet',
  masks: false,
  classes: 3,
  pyramidChannels: 16,
  towerConvolutions: 2,
  levels: [3, 4, 5],
  rangeLimits: [64, 128],
});
const levels = pyramidLevels(config);
const sizes = levelSizes(config, { height: SIDE, width: SIDE });
/** None lies whole in several anchors of one size: which of those ties count, float32 decides there. */
const boxes = [
  [10, 12, 60, 50],
  [70, 20, 107, 66],
  [5, 60, 120, 126],
  [30, 70, 62, 102],
] as const;
const sample: TrainingSample = {
  key: 'one',
  image: { width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE * 3) },
  instances: boxes.map((box, index) => ({ box, category: index % 3 })),
};

describe.skipIf(!existsSync(python))('RetinaNet against torchvision (needs CASSL_PYTHON)', () => {
  let folder: string;
  let head: RetinaNetHead;
  let maps: tf.Tensor4D[];
  let theirs: StateDict;
  const anchors = levels.map((level, index) => levelAnchors(config, level, sizes[index]!));
  const flat = (): Float32Array => Float32Array.from(anchors.flatMap((level) => [...level]));
  const output = (name: string): Float32Array => toFloat32(theirs.get(name)!);

  beforeAll(async () => {
    await openEngine({});
    folder = await mkdtemp(join(tmpdir(), 'cassl-retinanet-'));
    const store = createParameterStore(7);
    head = createRetinaNetHead(store, config);
    for (const variable of store.variables.values()) {
      // Wide enough that every anchor says something.
      variable.assign(tf.add(variable, tf.randomNormal(variable.shape, 0, 0.05, 'float32', 3)));
    }
    maps = sizes.map(({ height, width }, level) =>
      tf.randomNormal([1, height, width, 16], 0, 1, 'float32', level),
    );
    const { tensors } = exportWeights(await saveState(store), 'torchvision', 'detector');
    const input: StateDict = new Map(tensors);
    maps.forEach((map, level) =>
      input.set(`map.${level}`, float32Tensor(map.shape, map.dataSync() as Float32Array)),
    );
    input.set('anchors', float32Tensor([flat().length / 4, 4], flat()));
    input.set('boxes', float32Tensor([boxes.length, 4], Float32Array.from(boxes.flat())));
    input.set('labels', float32Tensor([boxes.length], Float32Array.of(0, 1, 2, 0)));
    await writeSafetensors(join(folder, 'input.safetensors'), input);
    const about = {
      channels: 16,
      classes: 3,
      convolutions: 2,
      side: SIDE,
      sizes: levels.map(({ stride }) => 4 * stride),
    };
    await writeFile(join(folder, 'config.json'), JSON.stringify(about));
    const script = join(import.meta.dirname, 'retinanet_reference.py');
    execFileSync(python, [script, folder], { stdio: 'inherit', timeout: 240_000 });
    theirs = (await readSafetensors(join(folder, 'output.safetensors'))).tensors;
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function expectClose(ours: ArrayLike<number>, name: string, within: number): void {
    const expected = output(name);
    expect(ours.length, name).toBe(expected.length);
    const largest = expected.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - ours[index]!)),
      0,
    );
    expect(largest, name).toBeLessThan(within);
  }

  it('says the same about every anchor with weights exported under torchvision’s names', () => {
    const { logits, deltas } = head.predict(maps);
    expectClose(logits.dataSync(), 'logits', 1e-4);
    expectClose(deltas.dataSync(), 'deltas', 1e-4);
    expectClose(applyDeltas(deltas, tf.tensor2d(flat(), [flat().length / 4, 4])).dataSync(), 'decoded', 2e-2);
  });

  it('has torchvision’s anchors, but not rounded to whole pixels', () => {
    expectClose(flat(), 'rounded', 0.5 + 1e-4);
  });

  it('matches anchors as torchvision does', () => {
    expect(matchAnchors(boxes, anchors).flatMap((level) => [...level])).toEqual([...theirsMatched()]);
  });

  it('has torchvision’s focal and box losses', () => {
    const batch = prepareBatch(config, [sample]);
    const { cls, box } = anchorLoss(config, head, maps, batch, batch.positives.count);
    expect(cls.dataSync()[0]! / output('classification')[0]!).toBeCloseTo(1, 4);
    expect(box.dataSync()[0]! / output('regression')[0]!).toBeCloseTo(1, 4);
  });

  function theirsMatched(): Int32Array {
    const { data } = theirs.get('matched')!;
    return new Int32Array(data.slice().buffer);
  }
});
