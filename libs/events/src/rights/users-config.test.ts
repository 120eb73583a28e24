import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabelingShard, Training } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  brokerRights,
  BROKER_USERS,
  connectEvents,
  findNatsServers,
  messageCodec,
  openEvents,
  openJobStore,
  openWorkQueue,
  passwordVariable,
  startNatsServer,
  usersConfig,
  type BrokerUser,
  type EventConnection,
  type NatsServer,
} from '../index.ts';

const SERVERS = findNatsServers();
const PASSWORDS = Object.fromEntries(
  BROKER_USERS.map((user) => [passwordVariable(user), `${user}-password`]),
);

describe.skipIf(SERVERS.length === 0).each(SERVERS)('with users, %s (needs nats-server)', (program) => {
  let folder: string;
  let server: NatsServer;
  const connections = new Map<BrokerUser, EventConnection>();
  const as = (user: BrokerUser): EventConnection => connections.get(user)!;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-rights-'));
    const configFile = join(folder, 'users.conf');
    await writeFile(configFile, usersConfig());
    const options = { storeDir: join(folder, 'store'), program, configFile, env: PASSWORDS };
    server = await startNatsServer(options);
    for (const user of BROKER_USERS) {
      const credentials = { user, password: `${user}-password` };
      connections.set(user, await connectEvents({ servers: server.url, name: user, credentials }));
    }
  });
  afterAll(async () => {
    for (const connection of connections.values()) await connection.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses who shows none, or a wrong password, as UNAUTHENTICATED and without showing it', async () => {
    const attempt = (credentials: object): Promise<EventConnection> =>
      connectEvents({ servers: server.url, name: 'labeler', credentials, connectTimeoutMs: 300 });
    await expect(attempt({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const wrong = attempt({ user: 'labeler', password: 'swordfish' });
    await expect(wrong).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(wrong).rejects.not.toThrow(/swordfish/);
  });

  it('a service keeps its records and tells its facts', async () => {
    const store = await openJobStore(as('trainer'), { name: 'trainings', codec: messageCodec(Training) });
    const training = Training.fromPartial({ status: { id: 't1' } });
    await store.create('t1', training);
    expect((await store.list()).map(({ id }) => id)).toEqual(['t1']);
    const bus = await openEvents(as('trainer'));
    await bus.publish({
      source: 'trainer',
      fact: { $case: 'training', value: { status: training.status, result: '' } },
    });
  });

  it('the labeler fills the queue, a worker empties it and reports, and the labeler closes it', async () => {
    const options = { name: 'shards', codec: messageCodec(LabelingShard), maxAttempts: 1 };
    const leader = await openWorkQueue(as('labeler'), options);
    const workers = await openWorkQueue(as('label-worker'), options);
    const lane = await leader.openJob('l1');
    const items = ['0', '1'].map((id) => ({ id, payload: LabelingShard.fromPartial({ index: Number(id) }) }));
    await leader.enqueue('l1', items, { epoch: lane.epoch });
    const stop = new AbortController();
    const ends: string[] = [];
    await workers.process({
      signal: stop.signal,
      async handler({ id }) {
        if (id === '1') throw new Error('no image');
        await workers.report('l1', { id, bytes: Buffer.from('done') });
      },
      onEnd: ({ id, outcome }) => {
        ends.push(`${id} ${outcome}`);
        if (ends.length === 2) stop.abort();
      },
    });
    expect(ends.sort()).toEqual(['0 done', '1 dead']);
    const [dead] = await leader.dead('l1');
    expect(dead).toMatchObject({ id: '1', reason: expect.stringContaining('no image') });
    await leader.requeue(dead!);
    expect(await leader.dead('l1')).toEqual([]);
    expect(await leader.oldest('l1')).toBeInstanceOf(Date);
    for await (const [report] of leader.reports('l1', AbortSignal.timeout(10_000))) {
      expect(Buffer.from(report!).toString()).toBe('done');
      break;
    }
    await leader.cancel('l1');
    await leader.closeJob('l1');
    expect(await leader.counts('l1')).toBeUndefined();
  });

  it('no user may publish what only others may, delete or purge a stream, or hear what comes to others', async () => {
    const all = new Set(BROKER_USERS.flatMap((user) => brokerRights(user).publish));
    const streams = ['CASSL_EVENTS', 'JOBS_shards', 'DEAD_shards', 'REPORTS_shards', 'KV_jobs-trainings'];
    const never = streams.flatMap((name) =>
      ['DELETE', 'PURGE'].map((verb) => `$JS.API.STREAM.${verb}.${name}`),
    );
    for (const user of BROKER_USERS) {
      const { publish, subscribe } = brokerRights(user);
      const others = [...all].filter((subject) => !publish.includes(subject));
      const subjects = [...others, ...never].map(exampleOf).filter((s) => !publish.some((p) => covers(p, s)));
      expect(subjects.length).toBeGreaterThan(30);
      const { connection } = as(user);
      const refused = new Set<string>();
      void watch(connection, refused);
      for (const subject of subjects) connection.publish(subject, 'x');
      const overheard = BROKER_USERS.filter((other) => other !== user).flatMap(
        (other) => brokerRights(other).subscribe,
      );
      for (const subject of [...overheard, 'cassl.>', '$KV.>', '>'])
        connection.subscribe(subject, { callback: () => undefined });
      await expect.poll(() => [...subjects, ...overheard].filter((s) => !refused.has(s))).toEqual([]);
      expect(refused, `${user} hears nothing but its own answers`).toContain('>');
      expect(subscribe).toEqual([`_INBOX.${user}.>`]);
    }
  });

  it('says which right is missing, at once, and does not ask again', async () => {
    const opening = openJobStore(as('evaluator'), { name: 'trainings', codec: messageCodec(Training) });
    await expect(opening).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('$JS.API.STREAM.'),
    });
  });
});

async function watch(connection: EventConnection['connection'], refused: Set<string>): Promise<void> {
  for await (const event of connection.status()) {
    const subject = event.type === 'error' ? (event.error as { subject?: string }).subject : undefined;
    if (subject !== undefined) refused.add(subject);
  }
}

/** A subject that a pattern allows. */
function exampleOf(pattern: string): string {
  return pattern.replaceAll('*', 'x').replaceAll('>', 'x');
}

function covers(pattern: string, subject: string): boolean {
  const source = pattern.replaceAll(/[$.]/g, '\\$&').replaceAll('*', '[^.]+').replaceAll('>', '.+');
  return new RegExp(`^${source}$`).test(subject);
}
