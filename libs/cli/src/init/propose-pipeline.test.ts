import { describe, expect, it } from 'vitest';
import type { DataStatistics } from './data-statistics.ts';
import { proposePipeline, type ProposeOptions } from './propose-pipeline.ts';

const STATISTICS: DataStatistics = {
  images: 100,
  objects: 500,
  categories: 4,
  rarest: { name: 'mug', objects: 20 },
  haveMasks: true,
  medianLongSide: 640,
  medianAspect: 0.75,
  smallObject: 0.04,
  medianObject: 0.2,
};

const propose = (changes: Partial<ProposeOptions> = {}, statistics: Partial<DataStatistics> = {}) =>
  proposePipeline({
    statistics: { ...STATISTICS, ...statistics },
    unlabeled: 800,
    machine: { hasGpu: false, gflops: 100 },
    minutes: 60,
    hasBackbone: false,
    gflopOf: (_, { height, width }) => (height * width) / 1e5,
    ...changes,
  });

describe('proposePipeline', () => {
  it('makes photos large enough for small objects to have a cell of their own', () => {
    // 0.04 of 224 px is 8.96 px, and cells are 8 px wide; 192 px would leave 7.7.
    expect(propose().size.value).toEqual({ longSide: 224, shortSide: 160 });
    expect(propose({}, { smallObject: 0.01, medianLongSide: 640 }).size.value.longSide).toBe(640);
  });

  it('makes them smaller where the minutes would be enough for too few steps', () => {
    const { size } = propose({ minutes: 1 }, { smallObject: 0.01 });
    expect(size.value.longSide).toBeLessThan(640);
    expect(size.reason).toContain('takes more than 1 minute for 1000 steps');
  });

  it("takes the paper's epochs where there is time, and a share of them where there is not", () => {
    const long = propose({ minutes: 1e6 });
    expect(long.iterations.value).toEqual({ labeler: 450, warmup: 6000, finetune: 450 });
    const short = propose({ minutes: 5 });
    const { labeler, warmup, finetune } = short.iterations.value;
    expect(labeler + warmup + 2 * finetune).toBeLessThan(7350);
    expect(short.iterations.reason).toMatch(/^about 5 minutes of training here, .* % of the paper's epochs/);
  });

  it('says where the fewest useful steps take longer than asked for', () => {
    const { iterations } = propose({ minutes: 1, machine: { hasGpu: false, gflops: 1 } });
    expect(iterations.value.finetune).toBe(50);
    expect(iterations.reason).toMatch(
      /^about \d+ minutes .*: more than asked for, since fewer steps teach nothing$/,
    );
  });

  it('lets F1 choose the threshold only where enough objects can be held out', () => {
    expect(propose().threshold.value).toBe('auto');
    expect(propose({}, { images: 20, objects: 60 }).threshold).toEqual({
      value: 0.3,
      reason: expect.stringContaining('only about 12 objects') as string,
    });
  });
});
