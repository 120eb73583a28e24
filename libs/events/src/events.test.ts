import { JobState, Stage, type Event } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { connectEvents, eventKind, openEvents, type NewEvent } from './index.ts';
import { hasNatsServer, useTestServer } from './test-server.ts';

const published = (digest: string): NewEvent => ({
  source: 'registry',
  fact: {
    $case: 'checkpointPublished',
    value: { digest, stage: Stage.STAGE_WARMUP, sizeBytes: 3 },
  },
});

async function take(events: AsyncGenerator<Event>, count: number): Promise<string[]> {
  const digests: string[] = [];
  for await (const { fact } of events) {
    if (fact?.$case === 'checkpointPublished') digests.push(fact.value.digest);
    if (digests.length === count) break;
  }
  return digests;
}

describe('eventKind', () => {
  it('names the outcome of a job', () => {
    const job = (state: JobState): string =>
      eventKind({ fact: { $case: 'training', value: { status: { state } as never, result: '' } } });
    expect(job(JobState.JOB_STATE_RUNNING)).toBe('training.progress');
    expect(job(JobState.JOB_STATE_SUCCEEDED)).toBe('training.completed');
    expect(job(JobState.JOB_STATE_CANCELLED)).toBe('training.cancelled');
    expect(() => eventKind({})).toThrow('event.fact');
  });
});

describe('connectEvents', () => {
  it('says where it looked when no server answers', async () => {
    const attempt = connectEvents({ servers: 'nats://127.0.0.1:1', name: 'x', connectTimeoutMs: 300 });
    await expect(attempt).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(attempt).rejects.toThrow('127.0.0.1:1');
  });
});

describe.skipIf(!hasNatsServer())('events on a real nats-server', () => {
  const test = useTestServer();

  it('delivers to a durable subscriber what came while it was away, across kill -9', async () => {
    const bus = await openEvents(test.connection);
    const stop = new AbortController();
    const options = { durable: 'tester', signal: stop.signal };
    await bus.publish(published('a'));
    expect(await take(bus.subscribe(options), 1)).toEqual(['a']);
    await bus.publish(published('b'));
    await test.restart();
    await bus.publish(published('c'));
    // The loop broke in the body of "a", so that one comes again: delivery is at least once.
    expect(new Set(await take(bus.subscribe(options), 2))).toContain('b');
    stop.abort();
  });

  it('publishes to a server that has lost its stream', async () => {
    const bus = await openEvents(test.connection);
    await test.connection.jsm.streams.delete('CASSL_EVENTS');
    await bus.publish(published('after the loss'));
    const { state } = await test.connection.jsm.streams.info('CASSL_EVENTS');
    expect(state.messages).toBe(1);
  });

  it('keeps an open subscription alive across kill -9', async () => {
    const bus = await openEvents(test.connection);
    const taken = take(
      bus.subscribe({ kinds: ['checkpoint.published'], signal: AbortSignal.timeout(20_000) }),
      2,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    await bus.publish(published('x'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await test.restart();
    await bus.publish(published('y'));
    expect(await taken).toEqual(['x', 'y']);
  });

  it('stores the same id once', async () => {
    const bus = await openEvents(test.connection);
    const before = (await test.connection.jsm.streams.info('CASSL_EVENTS')).state.messages;
    await bus.publish({ ...published('z'), id: 'same' });
    await bus.publish({ ...published('z'), id: 'same' });
    expect((await test.connection.jsm.streams.info('CASSL_EVENTS')).state.messages).toBe(before + 1);
  });

  it('can be opened again and again', async () => {
    await Promise.all([openEvents(test.connection), openEvents(test.connection)]);
  });
});
