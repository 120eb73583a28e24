import { describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from './config.ts';
import { summarizeDetector } from './summarize-detector.ts';

describe('summarizeDetector', () => {
  it('counts what is known of ResNet-50: 4.1 G multiply-adds at 224 px without its classifier', () => {
    const { parts } = summarizeDetector(parseDetectorConfig({}), { height: 224, width: 224 });
    expect(parts.backbone.gflop / 2).toBeCloseTo(4.09, 1);
  });

  it('counts what is known of Swin-T: 4.5 G multiply-adds at 224 px', () => {
    const config = parseDetectorConfig({ backbone: 'swin-t' });
    const { parts } = summarizeDetector(config, { height: 224, width: 224 });
    expect(parts.backbone.gflop / 2).toBeCloseTo(4.5, 0);
  });

  it('adds up parts and grows with the area', () => {
    const config = parseDetectorConfig({ classes: 80 });
    const small = summarizeDetector(config, { height: 320, width: 320 });
    const large = summarizeDetector(config, { height: 640, width: 640 });
    expect(small.parameters.total).toBe(34_111_179);
    expect(Object.values(small.parts).reduce((sum, part) => sum + part.gflop, 0)).toBeCloseTo(small.gflop, 6);
    expect(large.gflop / small.gflop).toBeCloseTo(4, 1);
    expect(large.activationBytes).toBeGreaterThan(3 * small.activationBytes);
  });

  it('counts what is computed: padded windows in, the entity code’s P2 and static bank out', () => {
    const size = { height: 800, width: 1088 };
    const count = (input: DetectorConfigInput) => summarizeDetector(parseDetectorConfig(input), size);
    // Stage 4 has 25 × 34 tokens and windows of 28 × 35: q, k and v are made of all of them.
    const swin = (window: number) => count({ backbone: 'swin-t', window }).parts.backbone.gflop;
    const multiplyAdds = (window: number) =>
      [96, 192, 384, 768].reduce((sum, channels, stage) => {
        const [height, width] = [200 / 2 ** stage, 272 / 2 ** stage];
        const up = (side: number) => Math.ceil(side / window) * window;
        const tokens = up(height) * up(width);
        const blocks = [2, 2, 6, 2][stage]!;
        return sum + blocks * tokens * (3 * channels ** 2 + 2 * window ** 2 * channels);
      }, 0);
    expect(swin(7) - swin(4)).toBeCloseTo((2 * (multiplyAdds(7) - multiplyAdds(4))) / 1e9, 6);
    expect(count({ pyramidInputs: [2, 3, 4, 5] }).parts.neck).toMatchObject({
      gflop: count({}).parts.neck.gflop,
      activationBytes: count({}).parts.neck.activationBytes,
    });
    expect(count({ kernelBank: true }).gflop).toBe(count({}).gflop);
  });

  it('keeps the maps of every mask that a step trains', () => {
    const size = { height: 320, width: 320 };
    const bytes = (input: DetectorConfigInput) =>
      summarizeDetector(parseDetectorConfig(input), size).activationBytes;
    // Two hidden maps of 8 channels at stride 8, probability and truth at stride 4; 169 kernel parameters.
    const perMask = 4 * (40 * 40 * 16 + 80 * 80 * 2 + 169);
    expect(bytes({ maxMaskInstances: 300 }) - bytes({ maxMaskInstances: 100 })).toBe(200 * perMask);
    expect(bytes({ maxMaskInstancesPerImage: 100 })).toBe(bytes({ maxMaskInstances: 100 }));
  });

  it('keeps a live batch norm’s input beside its output', () => {
    const size = { height: 320, width: 320 };
    const frozen = summarizeDetector(parseDetectorConfig({}), size).parts.backbone.activationBytes;
    const live = summarizeDetector(parseDetectorConfig({ backboneNorm: 'batch' }), size).parts.backbone;
    expect(live.activationBytes).toBe(2 * frozen);
  });

  it('keeps nothing for frozen stages', () => {
    const free = summarizeDetector(parseDetectorConfig({}), { height: 320, width: 320 });
    const frozen = summarizeDetector(parseDetectorConfig({ frozenStages: 2 }), { height: 320, width: 320 });
    expect(frozen.gflop).toBe(free.gflop);
    expect(frozen.parts.backbone.activationBytes).toBeLessThan(free.parts.backbone.activationBytes);
  });
});
