import { Labeling, LabelingSpec } from '@cassl/proto';
import type { Commit } from './commit.ts';

/** A commit of a shard of four labeled images; scores by hundredths, as label files count them. */
export function commitOf(
  index: number,
  {
    file = {},
    ...changes
  }: Partial<Omit<Commit, 'file' | 'index'>> & { readonly file?: Partial<Commit['file']> } = {},
): Commit {
  const hex = index.toString(16).padStart(64, '0');
  return {
    index,
    file: {
      digest: `sha256:${hex}`,
      bytes: 100,
      source: 0,
      keys: [`${index}-a.jpg`, `${index}-d.jpg`],
      images: 4,
      labeled: 4,
      empty: 0,
      failed: 0,
      labels: 4,
      scores: scoresAt(0.75, 4),
      best: scoresAt(0.75, 4),
      ...file,
    },
    failures: [],
    full: 0,
    seconds: 0.5,
    attempt: 1,
    ...changes,
  };
}

/** A histogram of `count` equal scores. */
export function scoresAt(score: number, count: number): number[] {
  return [...Array.from({ length: Math.round(score * 100) - 1 }, () => 0), count];
}

/** A running labeling of `images` images. */
export function labelingOf(id: string, changes: Partial<Labeling> = {}): Labeling {
  return Labeling.fromPartial({
    status: { id, state: 2 },
    spec: LabelingSpec.fromPartial({ checkpoint: 'a'.repeat(64) }),
    checkpointDigest: 'a'.repeat(64),
    ...changes,
  } as Parameters<typeof Labeling.fromPartial>[0]);
}
