import type { TeacherHealth, TeacherHealthPolicy } from '@cassl/proto';
import type { Commit } from './commit.ts';
import { addCounts, BINS, quantile, stabilityIndex } from './score-counts.ts';

interface Counts {
  images: number;
  empty: number;
  full: number;
  labels: number;
  readonly scores: Float64Array;
}

const MIN_IMAGES = 16;
/** The first images that later ones are compared with, and how many of the last ones are. */
const WINDOW_IMAGES = 512;
const MAX_DRIFT = 2;
/** Full images are a collapse only where the labels are sure: a low floor may well be met a hundred times. */
const SURE = 0.5;

/** Counts what a teacher gives, shard by shard, and says when it has collapsed. */
export class HealthMonitor {
  readonly #all = emptyCounts();
  readonly #first = emptyCounts();
  #last = emptyCounts();
  #before = emptyCounts();

  add({ file, full }: Commit): void {
    const counts = [this.#all, this.#last];
    if (this.#first.images < WINDOW_IMAGES) counts.push(this.#first);
    for (const into of counts) {
      into.images += file.labeled + file.empty;
      into.empty += file.empty;
      into.full += full;
      into.labels += file.labels;
      addCounts(into.scores, file.scores);
    }
    if (this.#last.images < WINDOW_IMAGES) return;
    this.#before = this.#last;
    this.#last = emptyCounts();
  }

  health(): TeacherHealth {
    const { images, empty, full, labels, scores } = this.#all;
    return {
      emptyRate: images === 0 ? 0 : empty / images,
      fullRate: images === 0 ? 0 : full / images,
      labelsPerImage: images === 0 ? 0 : labels / images,
      scoreQuantiles: labels === 0 ? [] : [0.1, 0.5, 0.9].map((part) => quantile(scores, part)),
      drift: this.#drift(),
    };
  }

  /** Why the job should pause, or `undefined`. */
  collapse(policy: TeacherHealthPolicy | undefined): string | undefined {
    if (policy?.disabled === true) return undefined;
    const { images, empty, full, scores } = this.#all;
    if (images < (policy?.minImages || MIN_IMAGES)) return undefined;
    const maxEmpty = policy?.maxEmptyRate || 1;
    if (empty === images || empty / images > maxEmpty) {
      return `the teacher labels nothing: ${empty} of ${images} images are empty`;
    }
    if (full === images && quantile(scores, 0.5) >= SURE) {
      return `the teacher labels everything: all ${images} images have as many labels as are allowed`;
    }
    const drift = this.#drift();
    const maxDrift = policy?.maxDrift || MAX_DRIFT;
    if (drift <= maxDrift) return undefined;
    return `the teacher's scores have drifted: stability index ${drift.toFixed(2)} is above ${maxDrift}`;
  }

  /** Of the last whole window against the first images. */
  #drift(): number {
    return this.#before.images === 0 ? 0 : stabilityIndex(this.#first, this.#before);
  }
}

function emptyCounts(): Counts {
  return { images: 0, empty: 0, full: 0, labels: 0, scores: new Float64Array(BINS) };
}
