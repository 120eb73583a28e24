/**
 * What is kept of every detection after its image has been matched: 36 bytes, whatever its mask was. Per area range
 * one word holds two bits for each IoU threshold t: bit t says matched, bit 16 + t says ignored.
 */
export class MatchLog {
  readonly areaRanges: number;
  length = 0;
  score: Float64Array<ArrayBuffer>;
  category: Int32Array<ArrayBuffer>;
  /** Number of the image, in the order of arrival. */
  image: Int32Array<ArrayBuffer>;
  /** Place among the detections of its image and category, best first. */
  rank: Int32Array<ArrayBuffer>;
  /** `outcome[detection * areaRanges + area]` */
  outcome: Uint32Array<ArrayBuffer>;

  constructor(areaRanges: number, capacity = 1024) {
    this.areaRanges = areaRanges;
    this.score = new Float64Array(capacity);
    this.category = new Int32Array(capacity);
    this.image = new Int32Array(capacity);
    this.rank = new Int32Array(capacity);
    this.outcome = new Uint32Array(capacity * areaRanges);
  }

  /** Opens `count` new entries and returns the index of the first; their outcomes are 0. */
  extend(count: number): number {
    const first = this.length;
    this.length += count;
    if (this.length > this.score.length) this.grow(Math.max(this.length, Math.ceil(this.score.length * 1.5)));
    return first;
  }

  private grow(capacity: number): void {
    const score = new Float64Array(capacity);
    const category = new Int32Array(capacity);
    const image = new Int32Array(capacity);
    const rank = new Int32Array(capacity);
    const outcome = new Uint32Array(capacity * this.areaRanges);
    score.set(this.score);
    category.set(this.category);
    image.set(this.image);
    rank.set(this.rank);
    outcome.set(this.outcome);
    this.score = score;
    this.category = category;
    this.image = image;
    this.rank = rank;
    this.outcome = outcome;
  }
}

/** Bit of "ignored" at threshold 0; "matched" starts at bit 0. */
export const IGNORED_SHIFT = 16;
