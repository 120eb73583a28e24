import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, failedPrecondition, outlook } from '@cassl/errors';
import {
  messageCodec,
  openJobStore,
  openLeases,
  type EventBus,
  type EventConnection,
  type JobKind,
} from '@cassl/events';
import { JobState, type JobStatus } from '@cassl/proto';
import { ANONYMOUS, type Logger } from '@cassl/rpc';
import { inSpan, inTrace, type SpanOptions } from '@cassl/telemetry';
import { announceJobs } from './announce-jobs.ts';
import { attemptWork } from './attempt-work.ts';
import { checkJobId } from './job-id.ts';
import { checkJobQuota, type JobOwner } from './job-quota.ts';
import {
  cancelledStatus,
  failedStatus,
  handedBackStatus,
  isEnded,
  queuedStatus,
  resumedStatus,
  succeededStatus,
  toJobError,
} from './job-status.ts';
import { LostLead, takeLead, type HeldLead, type Lead } from './lead-job.ts';
import { repeat } from './repeat.ts';
import { openReplicatedRecords } from './replicated-records.ts';
import { specDifference, type SpecType } from './spec-difference.ts';

/** What every kind of job has. */
export interface JobMessage<Spec> {
  status?: JobStatus | undefined;
  spec?: Spec | undefined;
}

export interface RunJobsOptions<Job extends JobMessage<Spec>, Spec> {
  /** What it is called in messages, events and the broker: "training". */
  readonly noun: JobKind;
  readonly type: { encode(message: Job): { finish(): Uint8Array }; decode(bytes: Uint8Array): Job };
  readonly specType: SpecType<Spec>;
  /**
   * Does the work, from where the record says it is, and answers the last change of a succeeded record. What it throws
   * decides: a permanent error fails the job, an outage waits and runs it again, a fault does so a few times (`outlook`).
   * It must end soon after the lead's signal aborts.
   */
  readonly run: (lead: Lead<Job>) => Promise<(job: Job) => Job>;
  /** What a succeeded job made, for its event. */
  readonly result: (job: Job) => string;
  readonly connection: EventConnection;
  readonly bus: EventBus;
  /** The service: "trainer". */
  readonly source: string;
  readonly logger: Logger;
  /** Jobs that this replica leads at the same time; the others wait, oldest first. @default Infinity */
  readonly parallel?: number;
  /** Names this process among the replicas. @default source, host and process id */
  readonly replica?: string;
  /** A dead leader is replaced after about so long; the same in all replicas. @default 5000 */
  readonly leaseMs?: number;
  /** How long work goes on while the broker is away. @default 60_000 */
  readonly graceMs?: number;
}

/** Jobs of one kind, the same from every replica. */
export interface Jobs<Job> {
  /**
   * Starts it, or returns the one that has this id.
   * @param owner default: somebody without a quota
   * @throws ALREADY_EXISTS where that one's specification differs; RESOURCE_EXHAUSTED where the owner has too many jobs of this kind
   */
  start(id: string, job: Job, owner?: JobOwner): Promise<Job>;
  /** @throws NOT_FOUND */
  get(id: string): Promise<Job>;
  /** Newest first. */
  list(): readonly Job[];
  /** The job now and after each change; ends after an ended one. @throws NOT_FOUND */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Job>;
  /** Changes what no leader writes (a priority, a pause); a leader sees it in its `job` with its next write. */
  modify(id: string, change: (job: Job) => Job | undefined): Promise<Job>;
  /** Ends it, whoever leads it, and waits until this replica has stopped working on it. An ended job stays as it is. */
  cancel(id: string): Promise<Job>;
  /**
   * Queues a failed or cancelled job again, its record changed by `prepare`.
   * @param owner who asks; default: somebody without a quota
   * @throws FAILED_PRECONDITION after a success; RESOURCE_EXHAUSTED where who asks has too many jobs of this kind
   */
  resume(id: string, prepare?: (job: Job) => Job, owner?: JobOwner): Promise<Job>;
  /** Hands the led jobs back: another replica, or the next process, goes on with them. */
  stop(): Promise<void>;
}

/** Whether the job is there and has not ended. */
export async function isWanted(
  jobs: Pick<Jobs<{ status?: JobStatus | undefined }>, 'get'>,
  id: string,
): Promise<boolean> {
  try {
    return !isEnded((await jobs.get(id)).status);
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND') return false;
    throw error;
  }
}

const LEASE_MS = 5000;
const GRACE_MS = 60_000;

/**
 * Runs jobs of one kind with any number of replicas: each job is led by one of them under a lease, all of them answer and
 * watch, and another one takes over when the leader dies (docs/adr/0005).
 */
export async function runJobs<Job extends JobMessage<Spec>, Spec>(
  options: RunJobsOptions<Job, Spec>,
): Promise<Jobs<Job>> {
  const { connection, logger, noun, source, parallel = Infinity, leaseMs = LEASE_MS } = options;
  const { replica = `${source}@${hostname()}:${process.pid}`, graceMs = GRACE_MS } = options;
  const name = `${noun}s`;
  const store = await openJobStore(connection, {
    name,
    codec: messageCodec<Job>(options.type),
    onDamaged: (error) => logger.error({ err: error }, `a ${noun} is left out`),
  });
  const leases = await openLeases(connection, { name, ttlMs: leaseMs });
  const records = await openReplicatedRecords<Job>({ store, noun });
  const announce = announceJobs({
    bus: options.bus,
    source,
    kind: noun,
    onError: (error) => logger.warn({ err: error }, 'an event was not published'),
  });
  const led = new Map<string, { readonly lead: HeldLead<Job>; readonly done: Promise<void> }>();
  const stopping = new AbortController();

  /** Takes the lead of what nobody leads, oldest first, while this replica has room. */
  const look = async (): Promise<void> => {
    for (const { status } of records.list()) {
      if (stopping.signal.aborted || led.size >= parallel) return;
      if (status === undefined || isEnded(status) || led.has(status.id)) continue;
      const lead = await takeLead({ records, leases, id: status.id, replica, logger, graceMs }).catch(
        (error: unknown) => unlessItsOwn(error, status.id),
      );
      if (lead !== undefined) led.set(lead.id, { lead, done: work(lead) });
    }
  };
  /** A job that cannot be led, its record deleted or too large, must not keep younger ones waiting; an outage concerns all. */
  const unlessItsOwn = (error: unknown, id: string): undefined => {
    if (outlook(errorCode(error)) === 'outage') throw error;
    logger.warn({ err: error, [noun]: id }, `cannot lead a ${noun}`);
  };
  const looking = repeat(look, leaseMs / 5, stopping.signal, (error) =>
    logger.warn({ err: error }, `cannot look for ${name} to lead now`),
  );

  const work = async (lead: HeldLead<Job>): Promise<void> => {
    const log = logger.child({ [noun]: lead.id, fence: lead.fence });
    log.info({ attempt: lead.status.attempt }, `leading the ${noun}`);
    try {
      const finish = await inTrace(lead.status.traceParent, () =>
        inSpan(`run ${noun}`, spanOf(lead), () => attemptWork(lead, options.run, log)),
      );
      lead.change((job) => ({ ...finish(job), status: succeededStatus(lead.status) }));
      await lead.flush();
    } catch (error) {
      await endOtherwise(lead, error).catch((failure: unknown) =>
        log.warn({ err: failure }, `cannot keep how a ${noun} ended; it will be taken up again`),
      );
    } finally {
      await lead.release();
      led.delete(lead.id);
      log.info({ state: lead.status.state, error: lead.status.error }, `no longer leading the ${noun}`);
      looking.now();
    }
  };

  const endOtherwise = async (lead: HeldLead<Job>, error: unknown): Promise<void> => {
    const { reason } = lead.signal as { reason: unknown };
    if (!lead.signal.aborted) {
      lead.change((job) => ({ ...job, status: failedStatus(lead.status, toJobError(error)) }));
      return lead.flush();
    }
    if (!(reason instanceof LostLead) || reason.why === 'superseded' || reason.why === 'ended') return;
    const next =
      reason.why === 'stopping'
        ? handedBackStatus
        : (status: JobStatus) => failedStatus(status, toJobError(reason));
    await records.modify(lead.id, (job) => {
      const status = job.status ?? queuedStatus(lead.id);
      return status.fence === lead.fence && !isEnded(status) ? { ...job, status: next(status) } : undefined;
    });
  };

  records.onChange((id, job, before) => {
    // Every replica tells an end, under the same id: the broker keeps one, also where the leader died before it could.
    const hasJustEnded = isEnded(job.status) && before !== undefined && !isEnded(before.status);
    if (hasJustEnded || led.has(id)) announce(job.status, options.result(job));
    const isFree = job.status?.leader === '' && !isEnded(job.status);
    if (isFree && !led.has(id)) looking.now();
  });
  looking.now();

  return {
    async start(id, job, owner = ANONYMOUS) {
      checkJobId('id', id);
      if (!records.has(id)) checkJobQuota(noun, records.list(), owner);
      const difference = (known: Job): string | undefined =>
        specDifference(options.specType, known.spec, job.spec);
      const status = { ...(job.status ?? queuedStatus(id)), owner: owner.name };
      return (await records.create(id, { ...job, status }, difference)).job;
    },
    get: async (id) => (await records.read(id)).job,
    list: () => [...records.list()].reverse(),
    watch: (id, signal) => records.watch(id, signal),
    modify: async (id, change) => (await records.modify(id, change)).job,
    async cancel(id) {
      const { job } = await records.modify(id, (now) =>
        isEnded(now.status) ? undefined : { ...now, status: cancelledStatus(now.status ?? queuedStatus(id)) },
      );
      await led.get(id)?.done;
      return job;
    },
    async resume(id, prepare = (job) => job, owner = ANONYMOUS) {
      const { status } = (await records.read(id)).job;
      if (isEnded(status)) checkJobQuota(noun, records.list(), owner);
      const { job } = await records.modify(id, (now) => {
        if (now.status?.state === JobState.JOB_STATE_SUCCEEDED) {
          throw failedPrecondition(`the ${noun} ${id} has succeeded: there is nothing to resume`);
        }
        if (!isEnded(now.status)) return undefined;
        return { ...prepare(now), status: resumedStatus(now.status ?? queuedStatus(id)) };
      });
      return job;
    },
    async stop() {
      stopping.abort();
      await looking.done;
      await Promise.all(
        [...led.values()].map(async ({ lead, done }) => {
          await Promise.race([lead.flush().catch(() => undefined), delay(2000, undefined, { ref: false })]);
          lead.lose(new LostLead('stopping', `this ${source} stops`));
          await done;
        }),
      );
      await records.close();
    },
  };
}

function spanOf({ id, fence, status }: Lead<unknown>): SpanOptions {
  return {
    attributes: { 'cassl.job.id': id, 'cassl.job.fence': fence, 'cassl.job.attempt': status.attempt },
  };
}
