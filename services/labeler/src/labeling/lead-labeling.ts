import { setTimeout as delay } from 'node:timers/promises';
import { shardRange, writeManifest, type PoolManifest, type WrittenManifest } from '@cassl/datasets';
import { CasslError, errorCode, failedPrecondition, outlook, type ErrorCode } from '@cassl/errors';
import { failpoint, type EventBus, type NewItem } from '@cassl/events';
import { jobProgress, type Lead } from '@cassl/jobs';
import { LabelingReport, type Labeling, type LabelingShard, type LabelingSpec } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { decodeCommit } from './commit.ts';
import { ledgerFolder, openLedger, type Ledger } from './ledger.ts';
import { laneOf, limitsOf } from './labeling-spec.ts';
import type { ShardQueue } from './shard-queue.ts';
import { Tally } from './tally.ts';
import { writeResult } from './write-result.ts';

export interface LeadLabelingOptions {
  readonly queue: ShardQueue;
  readonly bus: EventBus;
  readonly logger: Logger;
  /** The record as it is kept, with what other replicas were asked meanwhile. */
  readonly current: (id: string) => Promise<Labeling>;
}

/** Of the record; watchers see no more than these. */
const RECORD_EVERY_MS = 250;
/** How often the queue is compared with the ledger: at once where something is missing, and rarely by listing. */
const RECONCILE_EVERY_MS = 1_000;
const LIST_EVERY_MS = 60_000;

/**
 * Leads a labeling from wherever it is: manifest, then shards into the queue, then commits counted, until each shard has one or was
 * given up. All it needs lies in object storage, so that another replica goes on after a kill, also of the broker's store.
 */
export async function leadLabeling(
  lead: Lead<Labeling>,
  options: LeadLabelingOptions,
): Promise<(job: Labeling) => Labeling> {
  const { spec, checkpointDigest } = lead.job;
  if (spec?.pool === undefined) throw failedPrecondition(`labeling ${lead.id} has no pool`);
  const folder = ledgerFolder(lead.id, spec, checkpointDigest);
  const ledger = openLedger(spec.outputUri, folder);
  const written = await indexPool(lead, spec, ledger);
  const leading = new LeadingLabeling(lead, { ...options, spec, folder, ledger, written });
  try {
    await leading.untilDone();
  } catch (error) {
    // A job that can't go on frees its workers; one that another replica leads, or that waits, keeps its place.
    if (!lead.signal.aborted && outlook(errorCode(error)) === 'permanent')
      await options.queue.cancel(lead.id);
    throw error;
  }
  const finish = await writeResult(lead, { spec, ledger, written });
  await options.queue.closeJob(lead.id);
  return (job) => finish(leading.tally.on(job));
}

async function indexPool(lead: Lead<Labeling>, spec: LabelingSpec, ledger: Ledger): Promise<WrittenManifest> {
  const { uri = '', limit = 0 } = spec.pool ?? {};
  let saidAt = 0;
  const written = await writeManifest(ledger.store, {
    uri,
    imagesPerShard: limitsOf(spec).shardSize,
    limit: limit === 0 ? undefined : limit,
    signal: lead.signal,
    onProgress(images) {
      if (performance.now() - saidAt < RECORD_EVERY_MS) return;
      saidAt = performance.now();
      const progress = jobProgress({ unit: 'images', message: `listing the pool: ${images} images` });
      lead.change((job) =>
        job.status === undefined ? job : { ...job, status: { ...job.status, progress } },
      );
    },
  });
  const { digest, manifest } = written;
  lead.change((job) => ({
    ...job,
    manifestDigest: digest,
    shardCount: manifest.shards,
    pool: {
      listed: manifest.report.listed,
      kept: manifest.report.kept,
      unread: manifest.report.unread.map((unread) => ({ ...unread, examples: [...unread.examples] })),
    },
  }));
  return written;
}

interface Parts extends LeadLabelingOptions {
  readonly spec: LabelingSpec;
  readonly folder: string;
  readonly ledger: Ledger;
  readonly written: WrittenManifest;
}

/** Counts what comes in and puts back what is missing. */
class LeadingLabeling {
  readonly tally: Tally;
  readonly #lead: Lead<Labeling>;
  readonly #parts: Parts;
  readonly #manifest: PoolManifest;
  readonly #over = new AbortController();
  #epoch = 0;
  #retries: number;
  #refills = 0;
  #missingSince: number | undefined;
  #isPaused: boolean | undefined;
  #isDirty = true;
  #isAcknowledged: boolean;
  #fault: CasslError | undefined;

  constructor(lead: Lead<Labeling>, parts: Parts) {
    this.#lead = lead;
    this.#parts = parts;
    this.#manifest = parts.written.manifest;
    this.#retries = lead.job.retries;
    this.#isAcknowledged = lead.job.healthAcknowledged;
    this.tally = new Tally(this.#manifest.shards, this.#manifest.images);
  }

  /** @throws what ends the job otherwise */
  async untilDone(): Promise<void> {
    const { queue } = this.#parts;
    const signal = AbortSignal.any([this.#lead.signal, this.#over.signal]);
    await queue.ensure();
    await this.#open();
    const caughtUp = Promise.withResolvers<void>();
    const reading = this.#readReports(signal, caughtUp.resolve);
    // A stream that holds nothing of this job says nothing: the ledger has the last word anyway.
    await Promise.race([caughtUp.promise, delay(1_500)]);
    try {
      await this.#listCommits();
      let listedAt = performance.now();
      let reconciledAt = -Infinity;
      for (;;) {
        this.#lead.signal.throwIfAborted();
        this.#write();
        this.#check();
        if (this.tally.doneCount === this.tally.shards) return;
        if (performance.now() - listedAt > LIST_EVERY_MS) {
          await this.#listCommits();
          listedAt = performance.now();
        }
        if (performance.now() - reconciledAt > RECONCILE_EVERY_MS) {
          await this.#obey();
          await this.#reconcile();
          reconciledAt = performance.now();
        }
        await delay(RECORD_EVERY_MS);
      }
    } finally {
      this.#over.abort();
      await reading;
    }
  }

  /** Opens the job's lane; one that was closed by a cancel or an end goes on under a new epoch. */
  async #open(): Promise<void> {
    const { queue, spec } = this.#parts;
    const lane = await queue.lane(this.#lead.id);
    const epoch = lane.isOpen ? lane.epoch : lane.epoch + 1;
    this.#isPaused = this.#lead.job.pause !== undefined;
    await queue.openJob(this.#lead.id, { ...laneOf(spec), isPaused: this.#isPaused, epoch });
    this.#epoch = epoch;
  }

  async #readReports(signal: AbortSignal, onCaughtUp: () => void): Promise<void> {
    for await (const batch of this.#parts.queue.reports(this.#lead.id, signal)) {
      for (const bytes of batch) this.#take(LabelingReport.decode(bytes));
      if (batch.length < 500) onCaughtUp();
    }
  }

  #take({ fact }: LabelingReport): void {
    switch (fact?.$case) {
      case 'commit':
        if (this.tally.add(decodeCommit(fact.value))) this.#isDirty = true;
        break;
      case 'dead':
        if (fact.value.epoch < this.#epoch) return;
        this.tally.giveUp(fact.value.index, fact.value.reason);
        this.#isDirty = true;
        break;
      case 'fault':
        this.#fault ??= new CasslError(permanent(fact.value.code), fact.value.message);
        break;
      case undefined:
    }
  }

  async #listCommits(): Promise<void> {
    for await (const commit of this.#parts.ledger.unknown((index) => this.tally.has(index))) {
      this.tally.add(commit);
      this.#isDirty = true;
    }
  }

  /** What was asked of the record since: a pause, its end, or another try for dead shards. */
  async #obey(): Promise<void> {
    const { queue, current } = this.#parts;
    const { pause, retries, healthAcknowledged } = await current(this.#lead.id);
    this.#isAcknowledged ||= healthAcknowledged;
    const isPaused = pause !== undefined;
    if (isPaused !== this.#isPaused) {
      await queue.openJob(this.#lead.id, { isPaused });
      this.#isPaused = isPaused;
      this.#isDirty = true;
    }
    if (retries === this.#retries) return;
    this.#retries = retries;
    await this.#fill(this.tally.revive(), `t${retries}`);
  }

  #write(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const collapse = this.tally.monitor.collapse(this.#parts.spec.health);
    if (collapse !== undefined && !this.#isAcknowledged && this.#isPaused !== true) this.#pause(collapse);
    this.#lead.change((job) => this.tally.on(job));
  }

  /** Workers hear of it before the record is written: none shall begin a third shard. */
  #pause(reason: string): void {
    this.#isPaused = true;
    this.#parts.logger.warn({ labeling: this.#lead.id, reason }, 'labeling paused');
    this.#parts.queue
      .openJob(this.#lead.id, { isPaused: true })
      .catch((error: unknown) => this.#parts.logger.warn({ err: error }, 'cannot pause now'));
    this.#lead.change((job) => ({ ...job, pause: { by: 'health', reason } }));
    this.#announce(reason);
  }

  /** For whoever listens: people are asked, and nobody waits for it. */
  #announce(reason: string): void {
    const { id, fence, job } = this.#lead;
    const health = this.tally.monitor.health();
    const value = { labelingId: id, teacherDigest: job.checkpointDigest, reason, health };
    this.#parts.bus
      .publish({
        id: `unhealthy-${id}-${fence}`,
        source: 'labeler',
        fact: { $case: 'teacherCollapsed', value },
      })
      .catch((error: unknown) => this.#parts.logger.warn({ err: error }, 'an event was not published'));
  }

  #check(): void {
    if (this.#fault !== undefined) throw this.#fault;
    const overBudget = this.tally.overBudget(this.#parts.spec);
    if (overBudget !== undefined) throw failedPrecondition(overBudget);
  }

  /** Compares what is to be done with what the queue holds, and puts back what is missing. */
  async #reconcile(): Promise<void> {
    const { queue, logger } = this.#parts;
    const counts = await queue.counts(this.#lead.id);
    const wanted = this.tally.shards - this.tally.doneCount - this.tally.deadCount;
    if (counts === undefined) {
      logger.warn({ labeling: this.#lead.id }, 'the broker has lost the queue: filling it again');
      await queue.ensure();
      await this.#open();
    } else if (wanted === 0) {
      if (counts.waiting + counts.running === 0) await this.#giveUp();
      return;
    } else if (counts.waiting + counts.running >= wanted) {
      this.#missingSince = undefined;
      return;
    } else if (counts.waiting + counts.running > 0 && !this.#isMissingForLong()) {
      // Acknowledged just now, and its report is on the way.
      return;
    }
    this.#missingSince = undefined;
    await this.#listCommits();
    await this.#fill(this.tally.undone(), `f${this.#lead.fence}-${this.#refills++}`);
  }

  #isMissingForLong(): boolean {
    this.#missingSince ??= performance.now();
    return performance.now() - this.#missingSince > 5_000;
  }

  /** All shards are done or dead, and no worker has one: what has no commit now will not get one. */
  async #giveUp(): Promise<void> {
    await this.#listCommits();
    this.#write();
    if (this.tally.deadCount === 0) return;
    const { deadShards } = this.#lead.job;
    throw failedPrecondition(
      `${this.tally.deadCount} of ${this.tally.shards} shards were given up (RetryDeadShards tries them again): ` +
        deadShards.slice(0, 3).join('; '),
    );
  }

  async #fill(indices: Iterable<number>, copy: string): Promise<void> {
    const { queue, logger } = this.#parts;
    const startedAt = performance.now();
    const { signal } = this.#lead;
    const count = await queue.enqueue(this.#lead.id, this.#items(indices), {
      epoch: this.#epoch,
      copy,
      signal,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    logger.info({ labeling: this.#lead.id, shards: count, seconds }, 'shards queued');
    await failpoint('before-record');
  }

  *#items(indices: Iterable<number>): Generator<NewItem<LabelingShard>> {
    const { spec, folder } = this.#parts;
    const { threshold, nonOverlap, maxDetections } = limitsOf(spec);
    for (const index of indices) {
      const range = shardRange(this.#manifest, index);
      const payload: LabelingShard = {
        labelingId: this.#lead.id,
        index,
        checkpointDigest: this.#lead.job.checkpointDigest,
        threshold,
        nonOverlap,
        maxDetections,
        outputUri: spec.outputUri,
        epoch: this.#epoch,
        ledger: folder,
        poolUri: this.#manifest.uri,
        teacher: spec.teacher,
        classSpecific: spec.options?.classSpecific ?? false,
        ...range,
      };
      yield { id: String(index), payload };
    }
  }
}

/** A full disk looks like a fault that may pass; here a write was refused for good. */
function permanent(code: string): ErrorCode {
  return outlook(code as ErrorCode) === 'permanent' ? (code as ErrorCode) : 'FAILED_PRECONDITION';
}
