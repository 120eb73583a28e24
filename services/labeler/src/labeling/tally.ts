import type { Labeling, LabelingSpec } from '@cassl/proto';
import { jobProgress } from '@cassl/jobs';
import type { Commit, CommittedFailure } from './commit.ts';
import { HealthMonitor } from './teacher-health.ts';

const LISTED_FAILURES = 20;
const LISTED_DEAD = 10;
const MESSAGE_CHARACTERS = 200;
/** The rate is that of the last so many milliseconds. */
const RATE_MS = 10_000;

/** What a job has come to: each shard counts once, at constant cost, and the sum stays small whatever the job's size. */
export class Tally {
  readonly #done: Uint8Array;
  readonly #dead = new Map<number, string>();
  readonly #failures: CommittedFailure[] = [];
  readonly #rates: { readonly at: number; readonly images: number }[] = [];
  readonly #images: number;
  readonly monitor = new HealthMonitor();
  doneCount = 0;
  labeled = 0;
  empty = 0;
  failed = 0;
  labels = 0;
  known = 0;
  seconds = 0;

  /** @param images of the whole job */
  constructor(shards: number, images: number) {
    this.#done = new Uint8Array(shards);
    this.#images = images;
  }

  get shards(): number {
    return this.#done.length;
  }

  get deadCount(): number {
    return this.#dead.size;
  }

  has(index: number): boolean {
    return this.#done[index] === 1;
  }

  /** Counts a commit; false where its shard was counted before. A dead shard that has one lives. */
  add(commit: Commit): boolean {
    const { index, file, failures, known = 0, seconds } = commit;
    if (index >= this.#done.length || this.has(index)) return false;
    this.#done[index] = 1;
    this.#dead.delete(index);
    this.doneCount += 1;
    this.labeled += file.labeled;
    this.empty += file.empty;
    this.failed += file.failed;
    this.labels += file.labels;
    this.known += known;
    this.seconds += seconds;
    for (const failure of failures) {
      if (this.#failures.length < LISTED_FAILURES) this.#failures.push(failure);
    }
    this.monitor.add(commit);
    return true;
  }

  /** Takes note that a shard was given up. */
  giveUp(index: number, reason: string): void {
    if (!this.has(index) && index < this.#done.length) this.#dead.set(index, reason);
  }

  /** The dead shards, which are dead no more. */
  revive(): number[] {
    const indices = [...this.#dead.keys()];
    this.#dead.clear();
    return indices;
  }

  dead(): number[] {
    return [...this.#dead.keys()];
  }

  /** Shards of [from, to) that have no commit and were not given up. */
  *undone(from = 0, to = this.shards): Generator<number> {
    for (let index = from; index < to; index++) if (this.#isUndone(index)) yield index;
  }

  undoneBefore(end: number): number {
    let count = 0;
    for (let index = 0; index < end; index++) if (this.#isUndone(index)) count += 1;
    return count;
  }

  /** The index behind the first `count` undone shards; the end where there are fewer. */
  after(count: number): number {
    let left = count;
    let index = 0;
    for (; index < this.shards && left > 0; index++) if (this.#isUndone(index)) left -= 1;
    return index;
  }

  #isUndone(index: number): boolean {
    return this.#done[index] === 0 && !this.#dead.has(index);
  }

  /** Why too many images failed, or `undefined`. */
  overBudget({ maxFailureRate }: LabelingSpec): string | undefined {
    // Labels of nothing at all are no success, unless somebody said that they may be.
    const allowed = maxFailureRate === undefined ? this.#images - 1 : maxFailureRate * this.#images;
    if (this.failed === 0 || this.failed <= allowed) return undefined;
    const bound =
      maxFailureRate === undefined
        ? ''
        : `, LabelingSpec.max_failure_rate ${maxFailureRate} allows ${Math.floor(allowed)}`;
    const reasons = clip(listReasons(this.#failures), 2_000);
    return `${this.failed} of ${this.#images} images could not be labeled${bound}: ${reasons}`;
  }

  /** The record with these sums. */
  on(labeling: Labeling): Labeling {
    const done = this.labeled + this.empty + this.failed;
    const rate = this.#rate(done);
    const progress = jobProgress({
      done,
      total: this.#images,
      unit: 'images',
      rate,
      etaSeconds: rate > 0 ? (this.#images - done) / rate : 0,
      message: labeling.pause === undefined ? '' : `paused: ${labeling.pause.reason}`,
    });
    return {
      ...labeling,
      status: labeling.status === undefined ? undefined : { ...labeling.status, progress },
      shardCount: this.shards,
      shardsDone: this.doneCount,
      labeledImages: this.labeled,
      emptyImages: this.empty,
      failedImages: this.failed,
      labelCount: this.labels,
      knownImages: this.known,
      workerSeconds: this.seconds,
      failures: this.#failures.map(({ key, code, message }) => ({
        key: clip(key, MESSAGE_CHARACTERS),
        error: { code, message: clip(message, MESSAGE_CHARACTERS) },
      })),
      deadShards: [...this.#dead]
        .slice(0, LISTED_DEAD)
        .map(([index, reason]) => `shard ${index}: ${clip(reason, MESSAGE_CHARACTERS)}`),
      deadShardCount: this.#dead.size,
      health: this.monitor.health(),
    };
  }

  #rate(images: number): number {
    const at = performance.now();
    this.#rates.push({ at, images });
    while ((this.#rates[0]?.at ?? at) < at - RATE_MS) this.#rates.shift();
    const [first] = this.#rates;
    return first === undefined || first.at === at ? 0 : ((images - first.images) / (at - first.at)) * 1000;
  }
}

function clip(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters)}…` : text;
}

/** Each reason once, with the first images that have it. */
function listReasons(failures: readonly { readonly key: string; readonly message: string }[]): string {
  return [...Map.groupBy(failures, ({ message }) => message)]
    .map(([message, alike]) => {
      const first = alike.slice(0, KEYS_A_REASON).map(({ key }) => key);
      return `${first.join(', ')}${alike.length > KEYS_A_REASON ? ', …' : ''} (${message})`;
    })
    .join('; ');
}

const KEYS_A_REASON = 3;
