import { setTimeout as delay } from 'node:timers/promises';
import { internal, resourceExhausted, unavailable } from '@cassl/errors';
import { messageCodec, openJobStore, openLeases, type Lease, type Leases } from '@cassl/events';
import { JobState, Training } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cancelledStatus } from './job-status.ts';
import { isHandedOn, LostLead, takeLead, type HeldLead } from './lead-job.ts';
import { useNats } from './nats.fixture.ts';
import { countingJob } from './replica.fixture.ts';
import { openReplicatedRecords, type ReplicatedRecords } from './replicated-records.ts';

const TTL_MS = 900;
const PATIENT = { timeout: 15_000, interval: 20 };
const nats = useNats();
const atEnd: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end();
});

/** What one replica has of a bucket of its own test: real records and leases, of which a test can break a part. */
async function replicaOf(name: string): Promise<Replica> {
  const store = await openJobStore(nats.connection, { name, codec: messageCodec<Training>(Training) });
  const records = await openReplicatedRecords<Training>({ store, noun: 'training' });
  atEnd.push(() => records.close());
  return { records, leases: breakable(await openLeases(nats.connection, { name, ttlMs: TTL_MS })) };
}
interface Replica {
  readonly records: ReplicatedRecords<Training>;
  readonly leases: BreakableLeases;
}

interface BreakableLeases extends Leases {
  /** Ends the last lease that was taken, as a broker that forgot it does, and refuses the next so often. */
  lose(refusals: number): Promise<void>;
  readonly taken: readonly Lease[];
}

function breakable(leases: Leases): BreakableLeases {
  const taken: Lease[] = [];
  const losses: AbortController[] = [];
  let refusals = 0;
  return {
    taken,
    holder: (key) => leases.holder(key),
    async acquire(key, holder) {
      if (refusals > 0) {
        refusals -= 1;
        return undefined;
      }
      const lease = await leases.acquire(key, holder);
      if (lease === undefined) return undefined;
      const loss = new AbortController();
      losses.push(loss);
      taken.push(lease);
      return { ...lease, signal: AbortSignal.any([lease.signal, loss.signal]) };
    },
    async lose(next) {
      refusals = next;
      await taken.at(-1)!.release();
      losses.at(-1)!.abort();
    },
  };
}

async function lead(
  { records, leases }: Replica,
  replica: string,
  graceMs = 60_000,
): Promise<HeldLead<Training> | undefined> {
  const logger = createLogger({ name: replica, level: 'silent' });
  const held = await takeLead({ records, leases, id: 'j', replica, logger, graceMs });
  if (held !== undefined)
    atEnd.push(() => {
      held.lose(new LostLead('stopping', 'the test is over'));
      return held.release();
    });
  return held;
}

async function led(name: string): Promise<{ replica: Replica; held: HeldLead<Training> }> {
  const replica = await replicaOf(name);
  await replica.records.create('j', countingJob('j', 9), () => undefined);
  return { replica, held: (await lead(replica, 'a'))! };
}

const note =
  (text: string) =>
  (job: Training): Training => ({ ...job, notes: [...job.notes, text] });
const lost = (held: HeldLead<Training>): Promise<boolean> => vi.waitUntil(() => held.signal.aborted, PATIENT);

describe('the lead of a job', () => {
  it('is one replica’s at a time, and the next one’s under the next number', async () => {
    const { replica, held } = await led('one');
    expect(await lead(replica, 'b')).toBeUndefined();
    held.lose(new LostLead('stopping', 'stops'));
    await held.release();
    expect(await lead(replica, 'b')).toMatchObject({ fence: 2, status: { leader: 'b', attempt: 2 } });
  });

  it('is not taken of a job that ended, whose lease is free again', async () => {
    const replica = await replicaOf('ended');
    const job = countingJob('j', 1);
    await replica.records.create('j', { ...job, status: cancelledStatus(job.status!) }, () => undefined);
    expect(await lead(replica, 'a')).toBeUndefined();
    expect(await replica.leases.holder('j')).toBeUndefined();
  });

  it('is not taken of a job that is not there, whose lease is free again', async () => {
    const replica = await replicaOf('absent');
    await expect(lead(replica, 'a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await replica.leases.holder('j')).toBeUndefined();
  });

  it('sees a change at once, and has kept it when a flush resolves', async () => {
    const { replica, held } = await led('kept');
    for (let step = 0; step < 50; step += 1) {
      expect(held.change(note(`${step}`)).notes).toHaveLength(step + 1);
    }
    await held.flush();
    const { notes } = (await replica.records.read('j')).job;
    expect(notes).toEqual(Array.from({ length: 50 }, (_, step) => `${step}`));
  });

  it('keeps what others change besides, and loses none of its own changes to it', async () => {
    const { replica, held } = await led('besides');
    const other = await replicaOf('besides');
    for (let step = 0; step < 10; step += 1) {
      held.change(note(`mine ${step}`));
      await other.records.modify('j', note(`other ${step}`));
    }
    // The leader learns of the others' changes where it writes its own.
    held.change(note('mine 10'));
    await held.flush();
    const { notes } = (await replica.records.read('j')).job;
    expect(notes.filter((text) => text.startsWith('mine'))).toEqual(
      Array.from({ length: 11 }, (_, step) => `mine ${step}`),
    );
    expect(notes).toHaveLength(21);
    expect(held.job.notes).toEqual(notes);
  });

  it('ends when the job is ended from elsewhere, after which it changes nothing', async () => {
    const { held } = await led('cancelled');
    const other = await replicaOf('cancelled');
    await other.records.modify('j', (job) => ({ ...job, status: cancelledStatus(job.status!) }));
    await lost(held);
    expect(held.signal.reason).toMatchObject({ why: 'ended', code: 'ABORTED' });
    expect(isHandedOn(held.signal.reason)).toBe(false);
    held.change(note('too late'));
    await expect(held.flush()).rejects.toBe(held.signal.reason);
    expect((await other.records.read('j')).job.notes).toEqual([]);
  });

  it('ends with the reason why its state cannot be kept, however small the change', async () => {
    const { replica, held } = await led('unwritable');
    held.change(note('x'.repeat(2 << 20)));
    await lost(held);
    expect(held.signal.reason).toMatchObject({ why: 'unwritable', code: 'RESOURCE_EXHAUSTED' });
    expect((await replica.records.read('j')).job.notes).toEqual([]);
  });

  it('keeps a change through writes that fail while the broker is away', async () => {
    const { replica, held } = await led('flaky');
    const write = vi
      .spyOn(replica.records, 'write')
      .mockRejectedValueOnce(unavailable('nats-server does not answer'))
      .mockRejectedValueOnce(unavailable('nats-server does not answer'));
    held.change(note('kept'));
    await held.flush();
    expect(write).toHaveBeenCalledTimes(3);
    expect((await replica.records.read('j')).job.notes).toEqual(['kept']);
  });
});

describe('a lead whose lease ended', () => {
  it('goes on under the next number, with the changes made between', async () => {
    const { replica, held } = await led('regained');
    await replica.leases.lose(2);
    held.change(note('between'));
    await held.flush();
    expect(held).toMatchObject({ fence: 2, status: { leader: 'a', attempt: 1 } });
    expect(held.signal.aborted).toBe(false);
    expect((await replica.records.read('j')).job).toMatchObject({ notes: ['between'], status: { fence: 2 } });
  });

  it('ends as soon as another replica leads, not after its grace', async () => {
    const { replica, held } = await led('superseded');
    await replica.leases.lose(Infinity);
    const other = await lead(await replicaOf('superseded'), 'b');
    expect(other).toBeDefined();
    await lost(held);
    expect(held.signal.reason).toMatchObject({ why: 'superseded', message: 'j is led by b now' });
    expect(isHandedOn(held.signal.reason)).toBe(true);
    expect(other!.signal.aborted).toBe(false);
  });

  it('ends as soon as the job is ended, not after its grace', async () => {
    const { replica, held } = await led('ended-between');
    await replica.leases.lose(Infinity);
    const other = await replicaOf('ended-between');
    await other.records.modify('j', (job) => ({ ...job, status: cancelledStatus(job.status!) }));
    await lost(held);
    expect(held.signal.reason).toMatchObject({ why: 'ended' });
  });

  it('ends after its grace where nobody gives it a lease again', async () => {
    const replica = await replicaOf('grace');
    await replica.records.create('j', countingJob('j', 9), () => undefined);
    const held = (await lead(replica, 'a', 300))!;
    await replica.leases.lose(Infinity);
    await lost(held);
    expect(held.signal.reason).toMatchObject({
      why: 'superseded',
      message: 'the lease of j could not be had again for 300 ms',
    });
  });

  it('asks again where the broker went away between the lease and the record', async () => {
    const { replica, held } = await led('flaps');
    vi.spyOn(replica.records, 'modify').mockRejectedValueOnce(unavailable('nats-server does not answer'));
    await replica.leases.lose(0);
    held.change(note('goes on'));
    await held.flush();
    expect(held).toMatchObject({ fence: 2 });
    expect(replica.leases.taken).toHaveLength(3);
  });

  it('keeps no lease that it cannot use', async () => {
    const { replica, held } = await led('unused');
    vi.spyOn(replica.records, 'modify').mockRejectedValueOnce(internal('the disk is full'));
    await replica.leases.lose(0);
    await lost(held);
    expect(held.signal.reason).toMatchObject({ why: 'unwritable', code: 'INTERNAL' });
    await held.release();
    expect(await replica.leases.holder('j')).toBeUndefined();
  });

  it('takes no new one once it was told to stop', async () => {
    const { replica, held } = await led('stopped');
    await replica.leases.lose(1);
    held.lose(new LostLead('stopping', 'stops'));
    await held.release();
    await delay(50);
    expect(replica.leases.taken).toHaveLength(1);
    expect((await replica.records.read('j')).job.status).toMatchObject({
      fence: 1,
      state: JobState.JOB_STATE_RUNNING,
    });
  });
});

describe('why a lead was lost', () => {
  it.each([
    ['superseded', 'led by b', 'ABORTED', true],
    ['stopping', 'stops', 'ABORTED', true],
    ['ended', 'cancelled', 'ABORTED', false],
    ['unwritable', resourceExhausted('too large'), 'RESOURCE_EXHAUSTED', false],
  ] as const)('%s: its code, and whether another goes on', (why, reason, code, goesOn) => {
    const loss = new LostLead(why, reason);
    expect(loss.code).toBe(code);
    expect(isHandedOn(loss)).toBe(goesOn);
  });
});
