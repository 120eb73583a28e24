import { describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from './config.ts';
import { countParameters, listParameters } from './parameter-count.ts';
import { detectorPreset } from './presets.ts';

const count = (input: DetectorConfigInput) => countParameters(parseDetectorConfig(input));

function countOf(input: DetectorConfigInput, prefix: string): number {
  let sum = 0;
  for (const { name, shape, counted = true } of listParameters(parseDetectorConfig(input)).values()) {
    if (counted && name.startsWith(prefix)) sum += shape.reduce((product, side) => product * side, 1);
  }
  return sum;
}

describe('parameter counts (method.md 2.9)', () => {
  it.each<[string, DetectorConfigInput, string, number]>([
    ['R-50 trunk', { backboneNorm: 'batch' }, 'backbone.bottom_up.', 23_508_032],
    ['R-50 trunk without batch norms', {}, 'backbone.bottom_up.', 23_454_912],
    ['FPN C3–C5 on R-50', {}, 'backbone.fpn_', 3_868_672 - 2 * (256 * 256 * 9 + 256)],
    ['FCOS head, 80 classes', { classes: 80 }, 'proposal_generator.', 4_920_666],
    ['FCOS head, 1 class', {}, 'proposal_generator.', 4_738_571],
    ['FCOS head without predictor biases', { predictorBias: false }, 'proposal_generator.', 4_738_566],
    ['mask branch', {}, 'mask_branch.', 1_477_384],
    ['controller', {}, 'controller.', 389_545],
    ['entity kernel head', { kernelHead: 'coordinates' }, 'controller.', 2_165_161],
    ['static bank', { kernelBank: true }, 'mask_head.', 1_385],
  ])('%s', (_, input, prefix, expected) => {
    expect(countOf(input, prefix)).toBe(expected);
  });

  it('FPN with its extra levels', () => {
    expect(count({}).parts.neck).toBe(3_868_672);
    expect(count({ backbone: 'swin-t' }).parts.neck).toBe(3_295_232);
    expect(count({ backbone: 'swin-t', pyramidInputs: [2, 3, 4, 5] }).parts.neck).toBe(3_910_144);
  });

  it('Swin trunks with their output norms', () => {
    const trunk = (backbone: 'swin-t' | 'swin-s' | 'swin-b' | 'swin-l') => count({ backbone }).parts.backbone;
    expect([trunk('swin-t'), trunk('swin-s'), trunk('swin-b'), trunk('swin-l')]).toEqual([
      27_520_698, 48_838_602, 86_745_016, 194_998_164,
    ]);
  });

  it('whole models', () => {
    expect(count({ classes: 80, backboneNorm: 'batch' }).total).toBe(34_164_299);
    expect(count({ classes: 80 }).total).toBe(34_111_179);
    expect(count({ classes: 80, backbone: 'swin-t' }).total).toBe(37_603_525);
    // torchvision's fcos_resnet50_fpn, which has no scale per level.
    expect(count({ classes: 91, masks: false, backboneNorm: 'batch' }).total).toBe(32_322_720 + 5);
    expect(count({ classes: 91, masks: false }).total).toBe(32_269_600 + 5);
    expect(countParameters(detectorPreset('entity-swin-t')).total).toBe(39_813_338);
  });

  it('the tiny preset stays under a million', () => {
    expect(countParameters(detectorPreset('tiny', { classes: 12 })).total).toBeLessThan(1_000_000);
  });
});
