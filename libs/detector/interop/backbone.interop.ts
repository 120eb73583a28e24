import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostTensor, readSafetensors, type StateDict, toFloat32 } from '@cassl/checkpoints';
import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDetectorConfig } from '../src/config.ts';
import { createModel } from '../src/model.ts';
import { createParameterStore } from '../src/parameters.ts';
import { loadState } from '../src/state/load-state.ts';

const python = process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python';

/** torchvision's names (method.md 3.3) → ours. */
function ourName(theirs: string): string {
  return theirs
    .replace(/^body\./, 'backbone.bottom_up.')
    .replace(/^fpn\.inner_blocks\.(\d)\.0\./, (_, n: string) => `backbone.fpn_lateral${Number(n) + 3}.`)
    .replace(/^fpn\.layer_blocks\.(\d)\.0\./, (_, n: string) => `backbone.fpn_output${Number(n) + 3}.`)
    .replace(/^fpn\.extra_blocks\./, 'backbone.top_block.');
}

async function torchvisionFeatures(name: string, height: number, width: number): Promise<StateDict> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-backbone-'));
  try {
    const script = join(import.meta.dirname, 'backbone_features.py');
    execFileSync(python, [script, folder, name, String(height), String(width)], { stdio: 'inherit' });
    return (await readSafetensors(join(folder, 'features.safetensors'))).tensors;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** ‖a − b‖∞ / ‖b‖∞ */
function relativeError(map: tf.Tensor, expected: HostTensor): number {
  const ours = map.dataSync();
  const theirs = toFloat32(expected);
  expect(map.shape).toEqual(expected.shape);
  let difference = 0;
  let scale = 0;
  theirs.forEach((value, index) => {
    difference = Math.max(difference, Math.abs(value - ours[index]!));
    scale = Math.max(scale, Math.abs(value));
  });
  return difference / scale;
}

describe.skipIf(!existsSync(python))('torchvision', () => {
  beforeAll(() => openEngine());

  // The pyramid doubles maps exactly, so sides are odd multiples of 32, as padding makes them.
  it.each([
    ['resnet18', 96, 224],
    ['resnet101', 96, 160],
  ] as const)('%s with its pyramid gives the same features at %i × %i', async (name, height, width) => {
    const file = await torchvisionFeatures(name, height, width);
    const config = parseDetectorConfig({ backbone: name, masks: false });
    const store = createParameterStore(0);
    const model = createModel(store, config);
    const weights: StateDict = new Map();
    for (const [key, tensor] of file) {
      if (key.startsWith('weights.')) weights.set(ourName(key.slice('weights.'.length)), tensor);
    }
    const report = loadState(store, weights, { parts: ['backbone', 'neck'], strict: true });
    expect(report.skipped).toEqual([]);
    tf.tidy(() => {
      const input = tf.tensor4d(toFloat32(file.get('input')!), [1, height, width, 3]);
      const context = { training: false, random: () => 0 };
      const stages = model.backbone.forward(input, context);
      stages.slice(1).forEach((map, index) => {
        expect(relativeError(map, file.get(`body.${index}`)!), `C${index + 3}`).toBeLessThan(1e-4);
      });
      model.neck.forward(stages).forEach((map, index) => {
        expect(relativeError(map, file.get(`pyramid.${index}`)!), `P${index + 3}`).toBeLessThan(1e-4);
      });
    });
    tf.dispose([...store.variables.values()]);
  });
});
