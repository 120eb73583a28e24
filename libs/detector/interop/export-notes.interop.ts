import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  float32Tensor,
  readSafetensors,
  toFloat32,
  writeExport,
  writeSafetensors,
  type ExportNote,
  type Framework,
  type Scope,
  type StateDict,
} from '@cassl/checkpoints';
import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDetectorConfig, type DetectorConfigInput } from '../src/config.ts';
import { createModel, type Model } from '../src/model.ts';
import { createParameterStore, type ParameterStore } from '../src/parameters.ts';
import { randomStream, seedOf, standardNormal } from '../src/random.ts';
import { saveState } from '../src/state/save-state.ts';

const python = resolve(process.env.CASSL_PYTHON ?? '.tools/python/bin/python');
/** Windows of 7 divide every map of it, so that all Swins agree but in their last, one-window stage. */
const [HEIGHT, WIDTH] = [448, 448];
const inference = { training: false, random: () => 0 };

/** Every tensor differs from its neutral start, so that none can be left out unseen. */
function randomise(store: ParameterStore): void {
  for (const [name, variable] of store.variables) {
    const random = randomStream(seedOf(name));
    const isGain = name.endsWith('running_var') || (name.endsWith('.weight') && variable.rank === 1);
    const isOffset = name.endsWith('bias') || name.endsWith('running_mean') || name.endsWith('.scale');
    if (!isGain && !isOffset) continue;
    const middle = isGain || name.endsWith('.scale') ? 1 : 0;
    const values = Float32Array.from({ length: variable.size }, () => middle + 0.2 * (2 * random() - 1));
    variable.assign(tf.tensor(values, variable.shape));
  }
}

function build(config: DetectorConfigInput): { store: ParameterStore; model: Model } {
  const store = createParameterStore(1);
  const model = createModel(store, parseDetectorConfig(config));
  randomise(store);
  return { store, model };
}

describe.skipIf(!existsSync(python))('what stands in the note of an export (needs CASSL_PYTHON)', () => {
  let folder = '';
  let outputs: StateDict;
  let images: tf.Tensor4D;
  let fcos: ReturnType<typeof build>;
  let condInst: ReturnType<typeof build>;
  let swin: ReturnType<typeof build>;

  beforeAll(async () => {
    await openEngine();
    folder = await mkdtemp(join(tmpdir(), 'cassl-notes-'));
    fcos = build({ backbone: 'resnet50', classes: 5, masks: false });
    condInst = build({ backbone: 'resnet50', classes: 3, maskNorm: 'group' });
    swin = build({ backbone: 'swin-t' });
    await save(fcos.store, 'torchvision', 'backbone');
    await save(fcos.store, 'torchvision', 'detector');
    await save(fcos.store, 'timm', 'backbone');
    await save(fcos.store, 'transformers', 'backbone');
    await save(fcos.store, 'mmdet', 'detector', 'fcos');
    await save(condInst.store, 'mmdet', 'detector', 'condinst');
    for (const framework of ['torchvision', 'timm', 'transformers', 'mmdet'] as const)
      await save(swin.store, framework, 'backbone', 'swin');
    const random = randomStream(7);
    const values = Float32Array.from({ length: 3 * HEIGHT * WIDTH }, () => standardNormal(random));
    images = tf.transpose(tf.tensor4d(values, [1, 3, HEIGHT, WIDTH]), [0, 2, 3, 1]);
    const tensor = float32Tensor([1, 3, HEIGHT, WIDTH], values);
    await writeSafetensors(join(folder, 'images.safetensors'), new Map([['images', tensor]]));
    execFileSync(python, [join(import.meta.dirname, 'export_notes.py'), folder], { stdio: 'inherit' });
    outputs = (await readSafetensors(join(folder, 'outputs.safetensors'))).tensors;
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function save(
    store: ParameterStore,
    framework: Framework,
    scope: Scope,
    what: string = scope,
  ): Promise<void> {
    const container = framework === 'timm' || framework === 'transformers' ? 'safetensors' : 'pth';
    const path = join(folder, `${framework}-${what}.${container}`);
    await writeExport(path, await saveState(store), { framework, scope });
  }

  /** Largest difference from a map of theirs (NCHW unless `layout` says otherwise) as a share of the largest value. */
  function distance(ours: tf.Tensor, name: string, layout: 'nchw' | 'nhwc' = 'nchw'): number {
    return tf.tidy(() => {
      const theirs = outputs.get(name)!;
      const inOrder = layout === 'nchw' && ours.rank === 4 ? tf.transpose(ours, [0, 3, 1, 2]) : ours;
      const [values, expected] = [inOrder.dataSync(), toFloat32(theirs)];
      expect(values.length).toBe(expected.length);
      let difference = 0;
      let largest = 0;
      expected.forEach((value, index) => {
        difference = Math.max(difference, Math.abs(value - values[index]!));
        largest = Math.max(largest, Math.abs(value));
      });
      return difference / largest;
    });
  }

  function expectHead({ model }: ReturnType<typeof build>, name: string): void {
    tf.tidy(() => {
      const { head } = model;
      if (head.kind !== 'fcos') throw new Error('the notes are of FCOS');
      const pyramid = model.pyramid(images, inference);
      const tower = head.boxTower(pyramid);
      for (const [level, map] of pyramid.entries()) {
        const { distances, quality } = head.boxesOf(tower[level]!, level);
        const classes = tf.reshape(head.classLogits([map]), [1, map.shape[1], map.shape[2], -1]);
        expect(distance(classes, `${name}.classes.${level}`), `classes of level ${level}`).toBeLessThan(1e-4);
        // mmdetection gives pixels, we strides.
        const pixels = tf.mul(distances, 8 * 2 ** level);
        expect(distance(pixels, `${name}.boxes.${level}`), `boxes of level ${level}`).toBeLessThan(1e-4);
        expect(distance(quality, `${name}.quality.${level}`), `centerness of level ${level}`).toBeLessThan(
          1e-4,
        );
      }
    });
  }

  it('mmdetection’s FCOS with the config beside the weights gives our classes, boxes and centerness', () => {
    expectHead(fcos, 'mmdet-fcos');
  });

  it('mmdetection’s CondInst, group norms in its mask branch, gives them too, and our mask features', () => {
    expectHead(condInst, 'mmdet-condinst');
    tf.tidy(() => {
      const features = condInst.model.masks!.branch.forward(condInst.model.pyramid(images, inference), false);
      expect(distance(features, 'mmdet-condinst.masks.0')).toBeLessThan(1e-4);
    });
  });

  it('ResNet-50 of torchvision, timm and transformers gives our C5; torchvision’s FCOS our pyramid', () => {
    tf.tidy(() => {
      const stages = fcos.model.backbone.forward(images, inference);
      for (const name of ['torchvision-backbone', 'timm-backbone', 'transformers-backbone'])
        expect(distance(stages.at(-1)!, `${name}.last.0`), name).toBeLessThan(1e-4);
      for (const [level, map] of fcos.model.pyramid(images, inference).entries())
        expect(distance(map, `torchvision-detector.pyramid.${level}`)).toBeLessThan(1e-4);
    });
  });

  it('Swin-T of torchvision, timm, transformers and mmdetection gives our features, final norm and all', () => {
    tf.tidy(() => {
      const stages = swin.model.backbone.forward(images, inference);
      for (const name of ['torchvision-swin', 'timm-swin', 'transformers-swin'])
        expect(distance(stages.at(-1)!, `${name}.last.0`, 'nhwc'), name).toBeLessThan(1e-4);
      for (const [stage, map] of stages.entries())
        expect(distance(map, `mmdet-swin.stages.${stage}`), `mmdet stage ${stage}`).toBeLessThan(1e-4);
    });
  });

  it('tells what the network reads and what the file lacks', async () => {
    const text = await readFile(join(folder, 'torchvision-detector.pth.json'), 'utf8');
    const note = JSON.parse(text) as ExportNote;
    expect(note).toMatchObject({
      framework: 'torchvision',
      input: { order: 'rgb', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
      config: { builder: 'detection.fcos_resnet50_fpn', arguments: { num_classes: 5 } },
    });
    expect(note.leftOut.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['proposal_generator.fcos_head.scales.0.scale']),
    );
  });
});
