/** What processes must know of each other before each prepares its part of a batch. Plain data, pure functions. */
import { invalidArgument } from '@cassl/errors';
import type { MapSize } from './pyramid.ts';
import { seedOf } from './random.ts';

/** One part, seen before it is prepared. */
export interface PartSurvey {
  readonly keys: readonly string[];
  /** Padded size that the part alone would have. */
  readonly frame: MapSize;
  /** [image][level] positive cells. */
  readonly positives: readonly (readonly number[])[];
}

/** A part's place in its batch, and what it shares with the other parts. */
export interface BatchPart {
  readonly firstImage: number;
  /** Padded size of all parts. */
  readonly frame: MapSize;
  /** Draws the mask instances of the whole batch. */
  readonly seed: number;
  /** [image][level] positive cells of all parts' images. */
  readonly positives: readonly (readonly number[])[];
}

/** @throws INVALID_ARGUMENT for a rank without a survey */
export function joinSurveys(surveys: readonly PartSurvey[], rank: number): BatchPart {
  if (surveys[rank] === undefined) {
    throw invalidArgument(`joinSurveys: rank must be in [0, ${surveys.length}), got ${rank}`);
  }
  const before = surveys.slice(0, rank);
  return {
    firstImage: before.reduce((sum, { keys }) => sum + keys.length, 0),
    frame: {
      height: Math.max(...surveys.map(({ frame }) => frame.height)),
      width: Math.max(...surveys.map(({ frame }) => frame.width)),
    },
    seed: seedOfKeys(surveys.flatMap(({ keys }) => keys)),
    positives: surveys.flatMap(({ positives }) => positives),
  };
}

/** So that a batch is a pure function of its samples. */
export function seedOfKeys(keys: readonly string[]): number {
  return seedOf(keys.join('\n'));
}

/** The image of each positive of a batch in their order: by level, then image. */
export function imagesOfPositives(positives: BatchPart['positives']): number[] {
  const levels = positives[0]?.length ?? 0;
  return Array.from({ length: levels }, (_, level) =>
    positives.flatMap((counts, image) => Array.from({ length: counts[level]! }, () => image)),
  ).flat();
}
