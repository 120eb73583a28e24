import { readShardEntries, type ManifestEntry } from '@cassl/datasets';
import { errorCode, errorMessage, outlook, CasslError } from '@cassl/errors';
import { failpoint, type ItemEnd } from '@cassl/events';
import { writeLabelFile, type LabeledRow } from '@cassl/labels';
import { LabelingReport, type LabelingShard } from '@cassl/proto';
import { inSpan } from '@cassl/telemetry';
import { encodeCommit, type Commit } from './commit.ts';
import { keepKnownLabels } from './known-labels.ts';
import type { ShardLabels } from './label-shard.ts';
import { roundScore } from './labeling-spec.ts';
import { openLedger, type Ledger } from './ledger.ts';
import type { ShardQueue } from './shard-queue.ts';

export interface WorkShardsOptions {
  readonly queue: ShardQueue;
  /** Makes the rows of a shard's label file. */
  readonly label: (
    shard: LabelingShard,
    entries: readonly ManifestEntry[],
    signal: AbortSignal,
    known: ReadonlyMap<string, LabeledRow>,
  ) => Promise<ShardLabels>;
  readonly signal: AbortSignal;
  /** A stop lets the shard in hand finish, for so long. */
  readonly drainMs: number;
  readonly concurrency?: number;
  readonly pools?: readonly string[];
  /** A shard that takes longer has failed once. */
  readonly shardTimeoutMs: number;
  readonly onEnd: (end: ItemEnd) => void;
}

const LISTED_FAILURES = 10;
const WRITE_MS = 120_000;
const READ_MS = 60_000;

/**
 * Takes shards from the queue until the signal aborts. Each is: entries from the manifest, rows, label file, commit, a note to the
 * leader, acknowledgement; killed between any two of them, the shard is done by another and counted once.
 */
export async function workShards(options: WorkShardsOptions): Promise<void> {
  const { queue, label, shardTimeoutMs, onEnd } = options;
  const known = keepKnownLabels();
  await queue.process({
    signal: options.signal,
    drainMs: options.drainMs,
    itemTimeoutMs: shardTimeoutMs,
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(options.pools === undefined ? {} : { pools: options.pools }),
    onEnd,
    async handler({ payload: shard, attempt, signal }) {
      const startedAt = performance.now();
      const ledger = ledgerOf(shard);
      if (await within(READ_MS, 'look for the commit', ledger.has(shard.index))) {
        return tell(queue, shard, await ledger.read(shard.index));
      }
      const range = { chunkDigest: shard.chunkDigest, offset: shard.offset, count: shard.count };
      const entries = await within(
        READ_MS,
        'read the manifest',
        readShardEntries(ledger.store, shard.poolUri, range),
      );
      const reading = within(READ_MS, 'read the known labels', known.among(shard, entries));
      const before = await orFault(queue, shard, 'known labels cannot be read', reading);
      const rows = await inSpan('label images', { attributes: { 'cassl.images': entries.length } }, () =>
        label(shard, entries, signal, before),
      );
      await failpoint('after-forward');
      signal.throwIfAborted();
      const keep = (): ReturnType<typeof keepLabels> =>
        inSpan('commit shard', {}, () => keepLabels(ledger, shard, { rows, attempt, startedAt }));
      const writing = within(WRITE_MS, 'write the labels', keep());
      const { commit } = await orFault(queue, shard, 'labels cannot be written', writing);
      await failpoint('after-commit');
      await tell(queue, shard, commit);
    },
    onDead: ({ job, id, epoch, copy, reason }) =>
      queue.report(job, {
        id: `dead.${epoch}.${id}.${copy}`,
        bytes: LabelingReport.encode({
          fact: { $case: 'dead', value: { index: Number(id), epoch, reason } },
        }).finish(),
      }),
  });
}

// Clients of object stores keep connections: those of the last jobs are used again.
const ledgers = new Map<string, Ledger>();
const OPEN_LEDGERS = 8;

function ledgerOf({ outputUri, ledger: folder }: LabelingShard): Ledger {
  const name = `${outputUri} ${folder}`;
  const known = ledgers.get(name) ?? openLedger(outputUri, folder);
  if (ledgers.size >= OPEN_LEDGERS) ledgers.clear();
  ledgers.set(name, known);
  return known;
}

async function keepLabels(
  ledger: Ledger,
  shard: LabelingShard,
  done: { readonly rows: ShardLabels; readonly attempt: number; readonly startedAt: number },
): Promise<{ readonly commit: Commit }> {
  const { rows, attempt, startedAt } = done;
  const file = await writeLabelFile(ledger.labels, rows, { threshold: roundScore(shard.threshold) });
  await failpoint('after-blob');
  const known = rows.filter((row) => 'instances' in row).length;
  const failures = rows.flatMap((row) => ('failure' in row ? [{ key: row.key, ...row.failure }] : []));
  return ledger.commit({
    index: shard.index,
    file,
    failures: failures.slice(0, LISTED_FAILURES),
    full: rows.filter((row) => labelsOf(row) >= shard.maxDetections).length,
    ...(known > 0 ? { known } : {}),
    seconds: (performance.now() - startedAt) / 1000,
    attempt,
  });
}

function labelsOf(row: ShardLabels[number]): number {
  if ('detections' in row) return row.detections.length;
  return 'instances' in row ? row.instances.length : 0;
}

/** A step that cannot succeed fails the job at once: the next shard's would not either. */
async function orFault<R>(
  queue: ShardQueue,
  shard: LabelingShard,
  what: string,
  step: Promise<R>,
): Promise<R> {
  try {
    return await step;
  } catch (error) {
    const code = errorCode(error);
    if (outlook(code) !== 'outage' && code !== 'INTERNAL' && code !== 'UNKNOWN') {
      const message = `${what}: ${errorMessage(error)}`;
      await queue.report(shard.labelingId, {
        id: `fault.${shard.epoch}.${shard.index}`,
        bytes: LabelingReport.encode({ fact: { $case: 'fault', value: { code, message } } }).finish(),
      });
    }
    throw error;
  }
}

async function tell(queue: ShardQueue, shard: LabelingShard, commit: Commit): Promise<void> {
  await queue.report(shard.labelingId, {
    id: `done.${shard.ledger}.${commit.index}`,
    bytes: LabelingReport.encode({ fact: { $case: 'commit', value: encodeCommit(commit) } }).finish(),
  });
}

/** A step that hangs is a fault of this worker, which is then replaced; not one of the shard's neighbours. */
async function within<R>(ms: number, what: string, step: Promise<R>): Promise<R> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new CasslError('INTERNAL', `could not ${what} within ${ms / 1000} s`)),
    ms,
  );
  step.catch(() => undefined);
  return Promise.race([step, late.promise]).finally(() => clearTimeout(timer));
}
