import { describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from './config.ts';
import { DETECTOR_PRESETS, detectorPreset } from './presets.ts';

describe('DetectorConfig', () => {
  it.each(DETECTOR_PRESETS)('preset %s is a valid config', (name) => {
    expect(detectorPreset(name, { classes: 80 }).classes).toBe(80);
  });

  it('is the AdelaiDet CondInst R-50 by default', () => {
    expect(parseDetectorConfig({})).toMatchObject({
      backbone: 'resnet50',
      masks: true,
      towerConvolutions: 4,
    });
  });

  it.each<[DetectorConfigInput, RegExp]>([
    [{ levels: [3, 4, 5], rangeLimits: [64] }, /rangeLimits has 1 limits for 3 levels/],
    [{ rangeLimits: [64, 64, 128, 256] }, /rangeLimits must rise/],
    [{ levels: [3, 5], rangeLimits: [64] }, /levels must be consecutive, got \[3, 5\]/],
    [{ backboneStages: 3 }, /pyramidInputs reaches C5, but backboneStages 3 ends in C4/],
    [{ sizeDivisor: 16 }, /sizeDivisor 16 must be a multiple of C5's stride 32/],
    [{ towerGroups: 24 }, /towerGroups 24 does not divide pyramidChannels 256/],
    [{ maskNorm: 'group', maskGroups: 48 }, /maskGroups 48 does not divide maskChannels 128/],
    [{ masks: false, kernelBank: true }, /kernelBank needs masks/],
    [{ head: 'retinanet' }, /head 'retinanet' needs masks: false/],
    [{ head: 'retinanet', masks: false, anchorScale: 0 }, /anchorScale/],
    [{ backbone: 'resnet-small' }, /backboneWidths is missing/],
    [
      {
        backbone: 'resnet-small',
        backboneWidths: [8, 8, 8, 8],
        backboneBlocks: [1, 1, 1, 1],
        backboneNorm: 'group',
        backboneGroups: 8,
      },
      /backboneGroups 8 does not divide 4 channels/,
    ],
    [{ backboneWidths: [8, 8, 8, 8] }, /backboneWidths is for resnet-small and swin-small/],
    [{ backbone: 'swin-t', backboneStages: 3, pyramidInputs: [3, 4] }, /backboneStages must be 4 for swin-t/],
    [
      { backbone: 'swin-t', window: 12, resizeShortSide: 40 },
      /window 12 is larger than the first stage's map of 10/,
    ],
    [{ maskLevels: 4 }, /maskLevels 4 is more than the 3 levels/],
    [{ levels: [6, 7], rangeLimits: [512] }, /levels starts at P6/],
    [{ resizeShortSide: 900, resizeLongSide: 600 }, /resizeLongSide 600 is less than resizeShortSide 900/],
    [{ recompute: true, backboneNorm: 'batch' }, /recompute would update live batch norms twice/],
    [
      { backbone: 'swin-small', backboneWidths: [24, 48, 90, 192], backboneBlocks: [1, 1, 1, 1] },
      /backboneWidths of swin-small must double from stage to stage, got \[24, 48, 90, 192\]/,
    ],
    [{ classes: 0 }, /DetectorConfig.classes: .*>=1, got 0/],
    [{ classes: 1.5 }, /DetectorConfig.classes: .*int.*, got 1.5/],
    [{ priorProbability: NaN }, /DetectorConfig.priorProbability: .*, got NaN/],
    [{ resnetStride: 'caffe' } as never, /DetectorConfig.resnetStride: .*"msra", got "caffe"/],
    [{ pixelMean: [1, 2] } as never, /DetectorConfig.pixelMean: .*, got \[1,2\]/],
    [{ clases: 3 } as DetectorConfigInput, /clases/],
  ])('refuses %j with one clear error', (input, message) => {
    expect(() => parseDetectorConfig(input)).toThrow(message);
  });

  it('refuses an unknown preset by listing the known ones', () => {
    expect(() => detectorPreset('huge')).toThrow(
      /detector preset 'huge' does not exist: choose one of tiny,/,
    );
  });
});
