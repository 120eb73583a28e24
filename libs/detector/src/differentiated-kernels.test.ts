import { openEngine, type EngineName } from '@cassl/engine';
import { checkedGradients, recordGradients } from '@cassl/engine/testing';
import { describe, expect, it } from 'vitest';
import type { DetectorConfigInput } from './config.ts';
import { createDetector } from './detector.ts';
import { prepareBatch } from './prepare-batch.ts';
import { detectorPreset } from './presets.ts';
import { shapeSamples } from './testing/shape-samples.ts';

const quiet = { info: () => {}, warn: () => {} };
const hasTorch = await openEngine({ engine: 'torch', logger: quiet }).then(
  () => true,
  () => false,
);

const classes = 3;

/** Between them every part that a preset can have, most of them narrow. */
const CONFIGS: [string, DetectorConfigInput][] = [
  ['ResNet', { ...detectorPreset('tiny', { classes, backboneNorm: 'batch', maskNorm: 'batch' }) }],
  ['frozen ResNet-18-C4', detectorPreset('resnet18-c4', { classes, boxQuality: 'iou' })],
  ['FCOS', detectorPreset('tiny', { classes, masks: false })],
  [
    'the entity extras, Swin',
    {
      ...detectorPreset('entity-swin-t', { classes, pyramidChannels: 32, towerConvolutions: 1 }),
      backbone: 'swin-small',
      backboneWidths: [8, 16, 32, 64],
      backboneBlocks: [2, 1, 1, 1],
      attentionHeads: 2,
    },
  ],
];

/** At full width, where the engine is fast enough. */
const FULL: [string, DetectorConfigInput][] = [
  ['CondInst, ResNet-50', detectorPreset('condinst-r50', { classes })],
  ['the entity extras, Swin-T', detectorPreset('entity-swin-t', { classes })],
];

// Torch differentiates fused kernels, wasm the plain definitions of the same ops.
describe.each<[EngineName, boolean, [string, DetectorConfigInput][]]>([
  ['torch', hasTorch, [...CONFIGS, ...FULL]],
  ['wasm', true, CONFIGS],
])('a training step on %s', (engine, isHere, configs) => {
  it.skipIf(!isHere).each(configs)(
    'of %s differentiates only kernels that a float64 check covers',
    async (_, config) => {
      await openEngine({ engine, logger: quiet });
      const detector = createDetector(config, { seed: 1 });
      const batch = prepareBatch(detector.config, shapeSamples(2, 64, 11));
      const taken = recordGradients(() => detector.gradients(batch).dispose());
      detector.dispose();
      expect(taken).toContain(engine === 'torch' ? 'CasslConv2d' : 'Conv2D');
      expect([...taken].filter((name) => !checkedGradients.includes(name))).toEqual([]);
    },
  );
});
