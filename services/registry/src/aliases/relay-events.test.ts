import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEvents, openEvents, startNatsServer, type NatsServer } from '@cassl/events';
import type { Event } from '@cassl/proto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useRegistry } from '../registry.fixture.ts';
import { relayEvents } from './relay-events.ts';
import { setAlias } from './set-alias.ts';

const test = useRegistry();
const WAIT = { timeout: 30_000, interval: 20 };

let folder: string;
let nats: NatsServer;
let stop: AbortController;
let relaying: Promise<void>;
let heard: Event[];
let listening: Promise<void>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-relay-'));
  nats = await startNatsServer({ storeDir: join(folder, 'nats') });
});
afterAll(async () => {
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  stop = new AbortController();
  heard = [];
  const connection = await connectEvents({ servers: nats.url, name: 'test' });
  const events = (await openEvents(connection)).subscribe({ signal: stop.signal });
  const first = events.next();
  listening = (async () => {
    try {
      for (let next = await first; next.done !== true; next = await events.next()) heard.push(next.value);
    } finally {
      await connection.close();
    }
  })().catch(() => undefined);
  relaying = relayEvents(test.registry, {
    natsUrl: nats.url,
    logger: test.registry.logger,
    signal: stop.signal,
  });
});
afterEach(async () => {
  stop.abort();
  await relaying;
  await listening;
});

const move = (alias: string, reference: string) =>
  setAlias(test.registry, {
    ...{ alias, reference, reason: '', actor: 'ada', expectedDigest: '' },
    ...{ onlyIfNew: false, validateOnly: false },
  });
const aliases = (): string[] =>
  heard.flatMap(({ fact }) => (fact?.$case === 'aliasMoved' ? [fact.value.change?.alias ?? ''] : []));
const waiting = async (): Promise<number> => {
  const rows = await test.registry.db
    .selectFrom('changes')
    .select('sequence')
    .where('event', 'is not', null)
    .execute();
  return rows.length;
};

describe('recorded events', () => {
  it('are published in the order of their changes, and forgotten once the server has them', async () => {
    const digest = await test.publish(1);
    for (let count = 0; count < 20; count++) await move(`order/${count}`, digest);
    await expect.poll(aliases, WAIT).toEqual(Array.from({ length: 20 }, (_, count) => `order/${count}`));
    await expect.poll(waiting, WAIT).toBe(0);
  });

  it('wait while the server is away, and one warning tells it', async () => {
    const digest = await test.publish(2);
    await expect.poll(waiting, WAIT).toBe(0);
    const { port } = nats;
    await nats.stop();
    await move('away/1', digest);
    await move('away/2', digest);
    expect(await waiting()).toBe(2);
    nats = await startNatsServer({ storeDir: join(folder, 'nats'), port });
    await expect.poll(waiting, WAIT).toBe(0);
    await expect.poll(aliases, WAIT).toEqual(['away/1', 'away/2']);
  });

  it('end with their signal while the server is away', async () => {
    const { port } = nats;
    await nats.stop();
    await move('never/1', await test.publish(3));
    stop.abort();
    await relaying;
    expect(await waiting()).toBeGreaterThan(0);
    nats = await startNatsServer({ storeDir: join(folder, 'nats'), port });
  });

  it('reach a server that lost everything it had, its stream included', async () => {
    await expect.poll(waiting, WAIT).toBe(0);
    const connection = await connectEvents({ servers: nats.url, name: 'wipe' });
    await connection.jsm.streams.delete('CASSL_EVENTS');
    await move('wiped/1', await test.publish(4));
    await expect.poll(waiting, WAIT).toBe(0);
    const { state } = await connection.jsm.streams.info('CASSL_EVENTS');
    expect(state.messages).toBeGreaterThanOrEqual(2);
    await connection.close();
  });
});
