import { shardRange, type PoolManifest } from '@cassl/datasets';
import { failpoint, type NewItem } from '@cassl/events';
import type { Lead } from '@cassl/jobs';
import type { Labeling, LabelingShard, LabelingSpec } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { laneOf, limitsOf } from './labeling-spec.ts';
import type { ShardQueue } from './shard-queue.ts';
import type { Tally } from './tally.ts';

export interface QueueFillerParts {
  readonly lead: Lead<Labeling>;
  readonly queue: ShardQueue;
  readonly logger: Logger;
  readonly spec: LabelingSpec;
  /** Of the ledger, in the output's folder. */
  readonly folder: string;
  readonly manifest: PoolManifest;
  readonly tally: Tally;
  /** Counts the commits whose reports did not come. */
  readonly listCommits: () => Promise<void>;
}

/**
 * Shards in the queue at the same time: twenty seconds of work for a thousand workers that need two and a half for one, longer than a
 * leader takes to be replaced, and no load on the broker that grows with the job.
 */
const WINDOW = 8_192;
/** The report of what is acknowledged is read within this time. */
const REPORTED_AFTER_MS = 5_000;

/** What the queue held at a time. */
interface Look {
  readonly at: number;
  readonly queued: number;
  /** Shards before it were queued. */
  readonly next: number;
}

/** Keeps a job's queue filled from its manifest, a window at a time, and puts back what the broker has lost. */
export class QueueFiller {
  readonly #parts: QueueFillerParts;
  #epoch = 0;
  #refills = 0;
  /** Shards before it were queued, by this leader or, as far as the queue's length tells, by the one before. */
  #next: number | undefined;
  #look: Look | undefined;

  constructor(parts: QueueFillerParts) {
    this.#parts = parts;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Opens the job's lane; one that was closed by a cancel or an end goes on under a new epoch. */
  async open(isPaused: boolean): Promise<void> {
    const { lead, queue, spec } = this.#parts;
    const lane = await queue.lane(lead.id);
    const epoch = lane.isOpen ? lane.epoch : lane.epoch + 1;
    await queue.openJob(lead.id, { ...laneOf(spec), isPaused, epoch });
    this.#epoch = epoch;
  }

  /**
   * Compares what is to be done with what the queue holds, and adds what is next or missing.
   * @returns whether nothing is left to wait for: every shard is done or dead and no worker has one
   */
  async fill(isPaused: boolean): Promise<boolean> {
    const { lead, queue, logger, tally } = this.#parts;
    const counts = await queue.counts(lead.id);
    const wanted = tally.shards - tally.doneCount - tally.deadCount;
    if (counts === undefined) {
      if (wanted === 0) return true;
      logger.warn({ labeling: lead.id }, 'the broker has lost the queue: filling it again');
      await queue.ensure();
      await this.open(isPaused);
      await this.#parts.listCommits();
      await this.#refill();
      return false;
    }
    const queued = counts.waiting + counts.running;
    if (wanted === 0) return queued === 0;
    this.#next ??= tally.after(queued);
    if (await this.#isMissing(queued, this.#next)) await this.#refill();
    else if (queued <= WINDOW / 2) await this.#add(WINDOW - queued);
    return false;
  }

  /** Another try for shards that were given up. */
  async again(indices: Iterable<number>, copy: string): Promise<void> {
    this.#look = undefined;
    await this.#enqueue(indices, copy);
  }

  /**
   * Whether shards have left the queue without a commit: what it did not hold a while ago, and what has no commit now. Compared with what it
   * holds now, each shard whose report is on the way would be missing. The ledger has the last word: a new leader reads all reports of the
   * job before those of what is done meanwhile.
   */
  async #isMissing(queued: number, next: number): Promise<boolean> {
    const { tally, listCommits } = this.#parts;
    const at = performance.now();
    this.#look ??= { at, queued, next };
    const before = queued === 0 ? { queued, next } : this.#look;
    if (queued > 0 && at - this.#look.at < REPORTED_AFTER_MS) return false;
    this.#look = { at, queued, next };
    const isMissing = (): boolean => tally.undoneBefore(before.next) > before.queued;
    if (!isMissing()) return false;
    await listCommits();
    return isMissing();
  }

  /** From the first shard that has no commit; what the queue still holds of them is known by its commit when it comes again. */
  async #refill(): Promise<void> {
    this.#look = undefined;
    this.#next = 0;
    await this.#add(WINDOW);
  }

  async #add(count: number): Promise<void> {
    const { lead, tally } = this.#parts;
    const from = this.#next ?? 0;
    const end = tally.after(tally.undoneBefore(from) + count);
    if (end <= from) return;
    this.#next = end;
    await this.#enqueue(tally.undone(from, end), `f${lead.fence}-${this.#refills++}`);
  }

  async #enqueue(indices: Iterable<number>, copy: string): Promise<void> {
    const { lead, queue, logger } = this.#parts;
    const startedAt = performance.now();
    const { signal } = lead;
    const shards = await queue.enqueue(lead.id, this.#items(indices), { epoch: this.#epoch, copy, signal });
    const seconds = (performance.now() - startedAt) / 1000;
    logger.info({ labeling: lead.id, shards, seconds }, 'shards queued');
    await failpoint('before-record');
  }

  *#items(indices: Iterable<number>): Generator<NewItem<LabelingShard>> {
    const { lead, spec, folder, manifest } = this.#parts;
    const { threshold, nonOverlap, maxDetections, classSpecific } = limitsOf(spec);
    for (const index of indices) {
      const payload: LabelingShard = {
        labelingId: lead.id,
        index,
        checkpointDigest: lead.job.checkpointDigest,
        threshold,
        nonOverlap,
        maxDetections,
        outputUri: spec.outputUri,
        epoch: this.#epoch,
        ledger: folder,
        poolUri: manifest.uri,
        teacher: spec.teacher,
        classSpecific,
        knownLabels: spec.knownLabels,
        ...shardRange(manifest, index),
      };
      yield { id: String(index), payload };
    }
  }
}
