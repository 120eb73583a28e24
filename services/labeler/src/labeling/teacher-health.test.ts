import { TeacherHealthPolicy } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { commitOf, scoresAt } from './commit.fixture.ts';
import { HealthMonitor } from './teacher-health.ts';

const policy = (changes: Partial<TeacherHealthPolicy> = {}): TeacherHealthPolicy =>
  TeacherHealthPolicy.fromPartial(changes);

/** Shards of `images` images, all alike: how many are empty or full, and the score of each label. */
function monitorOf(
  shards: readonly {
    readonly images: number;
    readonly empty?: number;
    readonly full?: number;
    readonly score?: number;
  }[],
): HealthMonitor {
  const monitor = new HealthMonitor();
  shards.forEach(({ images, empty = 0, full = 0, score = 0.75 }, index) => {
    const labeled = images - empty;
    const scores = scoresAt(score, labeled);
    monitor.add(commitOf(index, { full, file: { images, labeled, empty, labels: labeled, scores } }));
  });
  return monitor;
}

describe('the health of a teacher', () => {
  it('of no images is nothing', () => {
    expect(new HealthMonitor().health()).toEqual({
      emptyRate: 0,
      fullRate: 0,
      labelsPerImage: 0,
      scoreQuantiles: [],
      drift: 0,
    });
    expect(new HealthMonitor().collapse(undefined)).toBeUndefined();
  });

  it('is rates of what its shards hold', () => {
    const monitor = monitorOf([
      { images: 10, empty: 4, full: 1 },
      { images: 10, empty: 0, full: 1, score: 0.25 },
    ]);
    const { scoreQuantiles, ...rates } = monitor.health();
    expect(rates).toEqual({ emptyRate: 0.2, fullRate: 0.1, labelsPerImage: 0.8, drift: 0 });
    expect(scoreQuantiles).toEqual([0.24, 0.24, 0.74]);
  });

  it('counts no image that could not be read', () => {
    const monitor = new HealthMonitor();
    monitor.add(
      commitOf(0, {
        file: { images: 100, labeled: 1, empty: 1, failed: 98, labels: 1, scores: scoresAt(0.5, 1) },
      }),
    );
    expect(monitor.health().emptyRate).toBe(0.5);
    expect(monitor.collapse(undefined)).toBeUndefined();
  });
});

describe('the collapse of a teacher', () => {
  it('is to label nothing, seen at sixteen images and not before', () => {
    expect(monitorOf([{ images: 15, empty: 15 }]).collapse(undefined)).toBeUndefined();
    expect(monitorOf([{ images: 16, empty: 16 }]).collapse(undefined)).toBe(
      'the teacher labels nothing: 16 of 16 images are empty',
    );
    expect(monitorOf([{ images: 16, empty: 15 }]).collapse(undefined)).toBeUndefined();
  });

  it('is to leave more images empty than the policy allows', () => {
    const monitor = monitorOf([{ images: 20, empty: 11 }]);
    expect(monitor.collapse(policy({ maxEmptyRate: 0.5 }))).toContain('11 of 20 images are empty');
    expect(monitor.collapse(policy({ maxEmptyRate: 0.55 }))).toBeUndefined();
    expect(monitor.collapse(policy({ maxEmptyRate: 0.5, minImages: 21 }))).toBeUndefined();
  });

  it('is to give every image all the labels that are allowed, where they are sure', () => {
    expect(monitorOf([{ images: 16, full: 16, score: 0.9 }]).collapse(undefined)).toBe(
      'the teacher labels everything: all 16 images have as many labels as are allowed',
    );
    expect(monitorOf([{ images: 16, full: 16, score: 0.06 }]).collapse(undefined)).toBeUndefined();
    expect(monitorOf([{ images: 16, full: 15, score: 0.9 }]).collapse(undefined)).toBeUndefined();
  });

  it('is to score otherwise than at first', () => {
    const steady = Array.from({ length: 8 }, () => ({ images: 128 }));
    expect(monitorOf(steady).health().drift).toBe(0);
    const drifting = monitorOf([...steady, ...steady.map((shard) => ({ ...shard, score: 0.15 }))]);
    expect(drifting.health().drift).toBeGreaterThan(2);
    expect(drifting.collapse(undefined)).toMatch(
      /^the teacher's scores have drifted: stability index \d+\.\d\d is above 2$/,
    );
    expect(drifting.collapse(policy({ maxDrift: 1000 }))).toBeUndefined();
  });

  it('compares whole windows alone: a last few odd images are no drift', () => {
    const monitor = monitorOf([
      ...Array.from({ length: 8 }, () => ({ images: 128 })),
      { images: 128, score: 0.15 },
    ]);
    expect(monitor.health().drift).toBe(0);
  });

  it("is nobody's business where the policy says so", () => {
    const monitor = monitorOf([{ images: 100, empty: 100 }]);
    expect(monitor.collapse(policy({ disabled: true }))).toBeUndefined();
  });
});
