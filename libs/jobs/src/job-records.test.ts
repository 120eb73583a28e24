import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectEvents,
  messageCodec,
  openJobStore,
  startNatsServer,
  type EventConnection,
  type NatsServer,
} from '@cassl/events';
import { Training } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJobRecords, type JobRecords } from './job-records.ts';
import { cancelledStatus, queuedStatus, startedStatus, succeededStatus } from './job-status.ts';

let folder: string;
let nats: NatsServer;
let connection: EventConnection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-jobs-'));
  nats = await startNatsServer({ storeDir: folder });
  connection = await connectEvents({ servers: nats.url, name: 'test' });
});
afterAll(async () => {
  await connection.close();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});

async function openRecords(): Promise<JobRecords<Training>> {
  const store = await openJobStore(connection, {
    name: 'trainings',
    codec: messageCodec<Training>(Training),
  });
  return openJobRecords({ store, noun: 'training' });
}

const training = (id: string): Training =>
  Training.fromPartial({ status: queuedStatus(id), engine: 'first' });

describe('job records', () => {
  it('survive their process', async () => {
    const records = await openRecords();
    await records.create('kept', training('kept'), () => true);
    records.change('kept', (job) => ({ ...job, checkpointDigest: 'abc' }));
    await records.flush('kept');
    const again = await openRecords();
    expect(again.require('kept')).toMatchObject({ checkpointDigest: 'abc', status: { id: 'kept' } });
    expect(() => again.require('other')).toThrow(/no training has the id "other"/);
  });

  it('are made once; another specification under the same id is refused', async () => {
    const records = await openRecords();
    const first = await records.create('one', training('one'), () => true);
    const second = await records.create('one', { ...training('one'), engine: 'second' }, () => true);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.job.engine).toBe('first');
    await expect(records.create('one', training('one'), () => false)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('are watched from their state now to their end', async () => {
    const records = await openRecords();
    await records.create('watched', training('watched'), () => true);
    const states: (string | undefined)[] = [];
    for await (const { status } of records.watch('watched')) {
      states.push(status?.state);
      if (states.length === 1)
        records.change('watched', (job) => ({ ...job, status: startedStatus(job.status!) }));
      if (states.length === 2)
        records.change('watched', (job) => ({ ...job, status: succeededStatus(job.status!) }));
    }
    expect(states).toEqual(['JOB_STATE_QUEUED', 'JOB_STATE_RUNNING', 'JOB_STATE_SUCCEEDED']);
    const cancelled = cancelledStatus(queuedStatus('x'));
    expect(cancelled.finishedAt).toBeInstanceOf(Date);
  });
});

describe('job records of a broker that comes and goes', () => {
  it('are written once it is back', async () => {
    const records = await openRecords();
    await records.create('away', training('away'), () => true);
    await nats.stop('SIGKILL');
    records.change('away', (job) => ({ ...job, checkpointDigest: 'written later' }));
    const flushed = records.flush('away');
    nats = await startNatsServer({ storeDir: folder, port: nats.port });
    await flushed;
    expect((await openRecords()).require('away').checkpointDigest).toBe('written later');
  });
});
