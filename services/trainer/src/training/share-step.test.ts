import type { UnreadableImage } from '@cassl/datasets';
import type { Detector, TrainingBatch } from '@cassl/detector';
import type { ProcessGroup } from '@cassl/engine';
import { describe, expect, it, vi } from 'vitest';
import { sameStart } from './join-ranks.ts';
import { shareStep } from './share-step.ts';

type Gathering = Pick<ProcessGroup, 'rank' | 'size' | 'gather'>;

/** All ranks in this process: what `act` gathers is first noted for each rank, then given to all. */
function together<R>(size: number, act: (group: Gathering) => R): R[] {
  const said: unknown[] = [];
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const meet = (rank: number): R =>
    act({
      rank,
      size,
      gather: <T>(own: T): T[] => {
        said[rank] = own;
        return ranks.map((other) => (said[other] ?? own) as T);
      },
    });
  ranks.forEach(meet);
  return ranks.map(meet);
}

/** Of so many images, ten positives each. */
function batchOf(images: number, isPlaceholder = false): TrainingBatch {
  const positives = {
    count: images * 10,
    centerness: new Float32Array(images * 10).fill(0.5),
    isPlaceholder,
  };
  return { batchSize: images, positives, masks: { count: images, sampleCount: images * 2 } } as never;
}

describe('the exchange before a step', () => {
  it('gives each rank its place among the images of all, and the sums of all', () => {
    const wholes = together(3, (group) => {
      const ranks = { group, isStopping: () => false, onStop: expect.unreachable };
      return shareStep(ranks, batchOf([3, 2, 1][group.rank]!), []).batch.whole!;
    });
    expect(wholes.map(({ firstImage }) => firstImage)).toEqual([0, 3, 5]);
    for (const whole of wholes) {
      expect(whole).toMatchObject({ images: 6, positives: 60, centerness: 30, masks: 6, truths: 12 });
    }
  });

  it('counts no positives of a rank that has only a placeholder', () => {
    const [whole] = together(2, (group) => {
      const ranks = { group, isStopping: () => false, onStop: expect.unreachable };
      return shareStep(ranks, batchOf(1, group.rank === 1), []).batch.whole!;
    });
    expect(whole).toMatchObject({ images: 2, positives: 10 });
  });

  it('tells every rank what any of them could not read', () => {
    const unreadable = together(2, (group) => {
      const ranks = { group, isStopping: () => false, onStop: expect.unreachable };
      const own: UnreadableImage[] = [[group.rank, `image ${group.rank}`]];
      return shareStep(ranks, batchOf(1), own).unreadable;
    });
    for (const all of unreadable) expect(all.map(([index]) => index)).toEqual([0, 1]);
  });

  it('stops all of them at the step at which one is asked to', () => {
    const onStop = vi.fn();
    together(3, (group) => shareStep({ group, isStopping: () => group.rank === 2, onStop }, batchOf(1), []));
    // The first pass only notes what is said, which the last rank says last.
    expect(onStop.mock.calls.length).toBeGreaterThanOrEqual(3);
  });
});

describe('the start of ranks', () => {
  const detector = { parameters: new Map() } as unknown as Detector;
  const broadcast = (): [] => [];
  const start = (group: Gathering, data: string, from: number): void =>
    sameStart({ ...group, broadcast }, detector, { data, from });

  it('is taken where all have the same data and step', () => {
    together(3, (group) => start(group, 'sha256:aa', 7));
  });

  it.each([
    ['data', (rank: number): [string, number] => [rank === 1 ? 'sha256:bb' : 'sha256:aa', 0]],
    ['step', (rank: number): [string, number] => ['sha256:aa', rank === 1 ? 5 : 0]],
  ])('is refused, by the odd rank, where the %s differs', (_, of) => {
    const starts = together(2, (group) => {
      try {
        start(group, ...of(group.rank));
        return undefined;
      } catch (error) {
        return error;
      }
    });
    for (const error of starts) {
      expect(error).toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringMatching(/rank 0 has .* and rank 1 .*: they need one job folder/),
      });
    }
  });
});
