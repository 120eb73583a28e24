import { describe, expect, it } from 'vitest';
import { parseDetectorConfig } from './config.ts';
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

  it('keeps nothing for frozen stages', () => {
    const free = summarizeDetector(parseDetectorConfig({}), { height: 320, width: 320 });
    const frozen = summarizeDetector(parseDetectorConfig({ frozenStages: 2 }), { height: 320, width: 320 });
    expect(frozen.gflop).toBe(free.gflop);
    expect(frozen.parts.backbone.activationBytes).toBeLessThan(free.parts.backbone.activationBytes);
  });
});
