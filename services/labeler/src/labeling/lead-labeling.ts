import { setTimeout as delay } from 'node:timers/promises';
import { writeManifest, type WrittenManifest } from '@cassl/datasets';
import {
  CasslError,
  dataLoss,
  errorCode,
  errorMessage,
  failedPrecondition,
  outlook,
  type ErrorCode,
} from '@cassl/errors';
import type { EventBus } from '@cassl/events';
import { jobProgress, type Lead } from '@cassl/jobs';
import { LabelingReport, type Labeling, type LabelingSpec } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { decodeCommit } from './commit.ts';
import { QueueFiller } from './fill-queue.ts';
import { ledgerFolder, openLedger, type Ledger } from './ledger.ts';
import { limitsOf } from './labeling-spec.ts';
import type { ShardQueue } from './shard-queue.ts';
import { Tally } from './tally.ts';
import { writeResult } from './write-result.ts';

export interface LeadLabelingOptions {
  readonly queue: ShardQueue;
  readonly bus: EventBus;
  readonly logger: Logger;
  /** The record as it is kept, with what other replicas were asked meanwhile. */
  readonly current: (id: string) => Promise<Labeling>;
  /** Puts the record where a lost store of the broker does not take it along. */
  readonly keep: (job: Labeling) => Promise<unknown>;
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
  const { spec, checkpointDigest, manifestDigest: begunWith } = lead.job;
  if (spec?.pool === undefined) throw failedPrecondition(`labeling ${lead.id} has no pool`);
  const folder = ledgerFolder(lead.id, spec, checkpointDigest);
  const ledger = openLedger(spec.outputUri, folder);
  const written = await indexPool(lead, spec, ledger);
  if (written.digest !== begunWith) await options.keep(lead.job);
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
  const begunWith = lead.job.manifestDigest;
  // The shards that are done are ranges of the one that it began with.
  if (begunWith !== '' && begunWith !== digest)
    throw dataLoss(
      `pool manifest: ${ledger.store.uri}/manifest/index.json was changed: it has the digest ${digest}, the job began with ${begunWith}`,
    );
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
  readonly #filler: QueueFiller;
  readonly #over = new AbortController();
  #retries: number;
  #isPaused: boolean;
  #isDirty = true;
  #isAcknowledged: boolean;
  #fault: Error | undefined;

  constructor(lead: Lead<Labeling>, parts: Parts) {
    this.#lead = lead;
    this.#parts = parts;
    const { manifest } = parts.written;
    this.#retries = lead.job.retries;
    this.#isPaused = lead.job.pause !== undefined;
    this.#isAcknowledged = lead.job.healthAcknowledged;
    this.tally = new Tally(manifest.shards, manifest.images);
    const listCommits = (): Promise<void> => this.#listCommits();
    this.#filler = new QueueFiller({ ...parts, lead, manifest, tally: this.tally, listCommits });
  }

  /** @throws what ends the job otherwise */
  async untilDone(): Promise<void> {
    const { queue } = this.#parts;
    const signal = AbortSignal.any([this.#lead.signal, this.#over.signal]);
    await queue.ensure();
    await this.#filler.open(this.#isPaused);
    const caughtUp = Promise.withResolvers<void>();
    const reading = this.#readReports(signal, caughtUp.resolve).catch((error: unknown) => {
      if (!signal.aborted) this.#fault ??= error instanceof Error ? error : new Error(errorMessage(error));
    });
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
          if (await this.#filler.fill(this.#isPaused)) await this.#giveUp();
          reconciledAt = performance.now();
        }
        await delay(RECORD_EVERY_MS);
      }
    } finally {
      this.#over.abort();
      await reading;
    }
  }

  async #readReports(signal: AbortSignal, onCaughtUp: () => void): Promise<void> {
    for await (const batch of this.#parts.queue.reports(this.#lead.id, signal)) {
      for (const bytes of batch) this.#hear(bytes);
      if (batch.length < 500) onCaughtUp();
    }
  }

  /** A report that cannot be read is left out: what it told of is in the ledger, or is tried again. */
  #hear(bytes: Uint8Array): void {
    try {
      this.#take(LabelingReport.decode(bytes));
    } catch (error) {
      this.#parts.logger.warn({ err: error, labeling: this.#lead.id }, 'a report cannot be read');
    }
  }

  #take({ fact }: LabelingReport): void {
    switch (fact?.$case) {
      case 'commit':
        if (this.tally.add(decodeCommit(fact.value, 'a report'))) this.#isDirty = true;
        break;
      case 'dead':
        if (fact.value.epoch < this.#filler.epoch) return;
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
    await this.#filler.again(this.tally.revive(), `t${retries}`);
  }

  #write(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const collapse = this.tally.monitor.collapse(this.#parts.spec.health);
    if (collapse !== undefined && !this.#isAcknowledged && !this.#isPaused) this.#pause(collapse);
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
}

/** A full disk looks like a fault that may pass; here a write was refused for good. */
function permanent(code: string): ErrorCode {
  return outlook(code as ErrorCode) === 'permanent' ? (code as ErrorCode) : 'FAILED_PRECONDITION';
}
