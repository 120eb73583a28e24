import type { EventBus, EventConnection } from '@cassl/events';
import { dataLoss, errorCode, failedPrecondition, invalidArgument } from '@cassl/errors';
import {
  isEnded,
  pageOfJobs,
  queuedStatus,
  runJobs,
  succeededStatus,
  type JobOwner,
  type JobPage,
  type Jobs,
} from '@cassl/jobs';
import { JobState, LabelFile, Labeling, LabelingSpec } from '@cassl/proto';
import { fitReply, type Logger } from '@cassl/rpc';
import { addressIn } from '@cassl/storage';
import { assertAgnostic, type FindCheckpoint } from '../find-checkpoint.ts';
import { checkLabelingSpec } from './check-labeling-spec.ts';
import { commitKey } from './commit.ts';
import { openJobCatalog } from './job-catalog.ts';
import { leadLabeling } from './lead-labeling.ts';
import { ledgerFolder, openLedger } from './ledger.ts';
import { restoreLost } from './restore-lost.ts';
import type { ShardQueue } from './shard-queue.ts';

export interface LabelingsPage {
  readonly pageSize: number;
  readonly pageToken: string;
  /** Only in this state. @default all */
  readonly state?: JobState;
}

export interface LabelFilesPage {
  readonly items: LabelFile[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

/** Labeling jobs, the same from every replica. */
export interface Labelings {
  start(id: string, spec: LabelingSpec | undefined, owner?: JobOwner): Promise<Labeling>;
  get(id: string): Promise<Labeling>;
  /** The whole records as this replica knows them, newest first. */
  all(): readonly Labeling[];
  list(page: LabelingsPage): JobPage<Labeling>;
  files(id: string, page: { readonly pageSize: number; readonly pageToken: string }): Promise<LabelFilesPage>;
  watch(id: string, signal: AbortSignal): AsyncIterable<Labeling>;
  cancel(id: string): Promise<Labeling>;
  pause(id: string, reason: string): Promise<Labeling>;
  resume(id: string, owner?: JobOwner): Promise<Labeling>;
  retryDead(id: string, owner?: JobOwner): Promise<Labeling>;
  stop(): Promise<void>;
}

export interface LabelingsOptions {
  readonly connection: EventConnection;
  readonly bus: EventBus;
  readonly queue: ShardQueue;
  readonly findCheckpoint: FindCheckpoint;
  /** `host:port` of endpoints that may be teachers. @default none */
  readonly teacherEndpoints?: readonly string[];
  /** Addresses of folders and buckets where records are kept beside the broker. @default none, so that a lost store loses them */
  readonly places?: readonly string[];
  readonly logger: Logger;
}

/** Addresses that GetLabeling still lists; who wants more reads the label set. */
const LISTED_FILES = 1000;

export async function openLabelings(options: LabelingsOptions): Promise<Labelings> {
  const { queue, findCheckpoint, logger, connection, bus } = options;
  const catalog = openJobCatalog(options.places ?? []);
  /** The job goes on without: only a lost store of the broker would miss it. */
  const kept = async (job: Labeling): Promise<Labeling> => {
    await catalog.keep(job).catch((error: unknown) => {
      logger.warn({ err: error, labeling: job.status?.id }, 'cannot keep a labeling in object storage');
    });
    return job;
  };
  const jobs: Jobs<Labeling> = await runJobs<Labeling, LabelingSpec>({
    noun: 'labeling',
    type: Labeling,
    specType: LabelingSpec,
    async run(lead) {
      await kept(lead.job);
      const finish = await leadLabeling(lead, {
        queue,
        bus,
        logger,
        keep: kept,
        current: (id) => jobs.get(id),
      });
      await kept({ ...finish(lead.job), status: succeededStatus(lead.status) });
      return finish;
    },
    result: ({ labelSetUri }) => labelSetUri,
    connection,
    bus,
    source: 'labeler',
    logger,
  });
  const restoring = await restoreLost(jobs, catalog, logger);
  const paused = async (id: string, by: 'operator', reason: string): Promise<Labeling> =>
    jobs.modify(id, (job) => {
      if (isEnded(job.status)) throw failedPrecondition(`labeling ${id} has ended: it cannot be paused`);
      // A later word of a person replaces an earlier one; what the teacher's health said stays.
      const isKept = job.pause !== undefined && (reason === '' || job.pause.by !== by);
      return isKept ? undefined : { ...job, pause: { by, reason: reason || 'paused by a call' } };
    });
  /** Resolved once: an alias that moves, or a file that changes, is another teacher. */
  const teacherDigest = async ({ teacher, checkpoint, options: wanted }: LabelingSpec): Promise<string> => {
    if (teacher !== undefined) {
      const { digestOfTeacher } = await import('./digest-of-teacher.ts');
      return digestOfTeacher(teacher, options.teacherEndpoints ?? []);
    }
    const found = await findCheckpoint(checkpoint);
    if (wanted?.classSpecific !== true) assertAgnostic(found);
    return found.checkpoint.digest;
  };
  return {
    async start(id, spec, owner) {
      const checked = await checkLabelingSpec(spec);
      return kept(await jobs.start(id, newLabeling(id, checked, await teacherDigest(checked)), owner));
    },
    async get(id) {
      const job = await jobs.get(id);
      return withAddresses(job).catch((error: unknown) => {
        // A job that has its label set would look as if it had no labels.
        if (hasLabels(job) && errorCode(error) === 'DATA_LOSS') throw error;
        // Why a job failed can be read where its output cannot.
        logger.warn({ err: error, labeling: id }, 'cannot read the label files of a labeling');
        return job;
      });
    },
    all: () => jobs.list(),
    list: (page) => pageOfJobs(jobs.list(), Labeling, page, page),
    files: async (id, page) => filesOf(await jobs.get(id), page),
    watch: (id, signal) => jobs.watch(id, signal),
    async cancel(id) {
      const job = await kept(await jobs.cancel(id));
      if (job.status?.state === JobState.JOB_STATE_CANCELLED) await queue.cancel(id);
      return job;
    },
    async pause(id, reason) {
      const job = await kept(await paused(id, 'operator', reason));
      // Before the leader sees it: a worker shall take no shard after this call was answered.
      if ((await queue.lane(id)).isOpen) await queue.openJob(id, { isPaused: true });
      return job;
    },
    async resume(id, owner) {
      const job = await kept(await resume(jobs, id, (now) => now, owner));
      if ((await queue.lane(id)).isOpen) await queue.openJob(id, { isPaused: false });
      return job;
    },
    retryDead: async (id, owner) =>
      kept(await resume(jobs, id, (job) => ({ ...job, retries: job.retries + 1 }), owner)),
    async stop() {
      await restoring.stop();
      await jobs.stop();
    },
  };
}

/** A paused job goes on, an ended one runs again; what is labeled is kept. */
async function resume(
  jobs: Jobs<Labeling>,
  id: string,
  change: (job: Labeling) => Labeling,
  owner?: JobOwner,
): Promise<Labeling> {
  const { status } = await jobs.get(id);
  const resumed = (job: Labeling): Labeling => ({
    ...change(job),
    pause: undefined,
    deadShards: [],
    deadShardCount: 0,
    healthAcknowledged: true,
  });
  return isEnded(status) ? jobs.resume(id, resumed, owner) : jobs.modify(id, resumed);
}

function hasLabels({ labelSetUri }: Labeling): boolean {
  return labelSetUri !== '';
}

async function withAddresses(labeling: Labeling): Promise<Labeling> {
  if (!isEnded(labeling.status) || labeling.shardCount > LISTED_FILES) return labeling;
  const { items, nextPageToken } = await filesOf(labeling, { pageSize: LISTED_FILES, pageToken: '' });
  // Half of a list would pass for all of it.
  if (nextPageToken !== '') return labeling;
  return { ...labeling, labelUris: items.map(({ uri }) => uri) };
}

/** @throws INVALID_ARGUMENT for a page that cannot be; DATA_LOSS where a job that has its label set lacks commits */
async function filesOf(
  labeling: Labeling,
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
): Promise<LabelFilesPage> {
  const { status, spec, checkpointDigest, shardCount } = labeling;
  if (spec === undefined) return { items: [], nextPageToken: '' };
  const { from, size } = checkPage(pageSize, pageToken, { most: 1000, usual: 100 });
  const to = Math.min(shardCount, from + size);
  const ledger = openLedger(spec.outputUri, ledgerFolder(status?.id ?? '', spec, checkpointDigest));
  const items: LabelFile[] = [];
  for await (const { index, file } of ledger.range(from, to)) {
    const hex = file.digest.replace('sha256:', '');
    items.push({
      index,
      uri: addressIn(ledger.labels.uri, `${hex}.jsonl.gz`),
      digest: file.digest,
      labeledImages: file.labeled,
      emptyImages: file.empty,
      failedImages: file.failed,
      labelCount: file.labels,
    });
  }
  const missing = Math.max(0, to - from) - items.length;
  if (missing > 0 && hasLabels(labeling)) {
    const known = new Set(items.map(({ index }) => index));
    let first = from;
    while (known.has(first)) first++;
    throw dataLoss(
      `${missing} of the commits of shards ${from} to ${to - 1} are gone from ${ledger.store.uri}, the first is ` +
        `${commitKey(first)}; the label set ${labeling.labelSetUri} does not need them`,
    );
  }
  const fitting = fitReply(items, LabelFile);
  const next = fitting.length < items.length ? (items[fitting.length]?.index ?? to) : to;
  return { items: fitting, nextPageToken: next < shardCount ? String(next) : '' };
}

function checkPage(
  pageSize: number,
  pageToken: string,
  { most, usual }: { readonly most: number; readonly usual: number },
): { readonly from: number; readonly size: number } {
  if (pageSize > most) throw invalidArgument(`page_size must be 0 to ${most}, got ${pageSize}`);
  if (!/^\d{0,9}$/.test(pageToken)) throw invalidArgument(`page_token ${JSON.stringify(pageToken)} is none`);
  return { from: Number(pageToken || 0), size: pageSize || usual };
}

function newLabeling(id: string, spec: LabelingSpec, checkpointDigest: string): Labeling {
  return Labeling.fromPartial({ status: queuedStatus(id, { unit: 'images' }), spec, checkpointDigest });
}
