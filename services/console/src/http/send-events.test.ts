import { EventEmitter, on, once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { notFound } from '@cassl/errors';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen, type HttpServer } from './listen.ts';
import { sendEvents } from './send-events.ts';

describe('a stream of events', () => {
  let server: HttpServer;
  let stopping: AbortController;
  let source: (signal: AbortSignal) => AsyncIterable<unknown>;
  /** Signals that sources were given, and sources that came to their end. */
  let signals: AbortSignal[];
  let ended: number;
  beforeEach(async () => {
    [stopping, signals, ended] = [new AbortController(), [], 0];
    const app = new Hono().get('/', (context) =>
      sendEvents(context, stopping.signal, (signal) => {
        signals.push(signal);
        return watched(source(signal));
      }),
    );
    server = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    stopping.abort();
    await server.close(500);
  });

  async function* watched(values: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    try {
      yield* values;
    } finally {
      ended++;
    }
  }

  async function* values(...list: readonly unknown[]): AsyncGenerator<unknown> {
    for (const value of list) yield await Promise.resolve(value);
  }

  /** One value, and then nothing until the signal. */
  async function* quiet(signal: AbortSignal): AsyncGenerator<unknown> {
    yield 'first';
    await delay(600_000, undefined, { signal });
  }

  const open = async (method = 'GET'): Promise<IncomingMessage> => {
    const asked = request(server.url, { method }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return answer;
  };
  const read = async (): Promise<string> => (await fetch(server.url)).text();

  it('says each value as one line of JSON, and that it is at its end', async () => {
    source = () => values({ a: 1 }, 'two\nlines', null);
    expect(await read()).toBe('data: {"a":1}\n\ndata: "two\\nlines"\n\ndata: null\n\nevent: end\ndata: \n\n');
  });

  it('comes to browsers at once and uncached', async () => {
    source = quiet;
    const { headers } = await open();
    expect(headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  });

  it('ends with the reason of what fails, and with none of what is only ours to know', async () => {
    source = () => failing(notFound('there is no job "a\nb"'));
    expect(await read()).toBe(
      'data: 1\n\nevent: failure\ndata: {"code":"NOT_FOUND","message":"there is no job \\"a\\nb\\""}\n\n',
    );
    source = () => failing(new Error('password=secret'));
    expect(await read()).toMatch(/event: failure\ndata: \{"code":"INTERNAL","message":"internal error; /);
  });

  it('fails by name where it cannot even begin', async () => {
    source = () => {
      throw notFound('nothing to follow');
    };
    expect(await read()).toMatch(/^event: failure\ndata: \{"code":"NOT_FOUND","message":"nothing to follow"/);
  });

  it('tells its source when the browser is gone', async () => {
    source = quiet;
    const answer = await open();
    await once(answer, 'data');
    expect(signals[0]?.aborted).toBe(false);
    answer.destroy();
    await expect.poll(() => [signals[0]?.aborted, ended], { timeout: 10_000 }).toEqual([true, 1]);
  });

  it('leaves nothing running for who asks for its head alone', async () => {
    const news = new EventEmitter();
    source = (signal) => changes(news, signal);
    const answer = await open('HEAD');
    expect(answer.headers['content-type']).toBe('text/event-stream');
    answer.resume();
    for (let change = 0; change < 20; change++) {
      news.emit('change', change);
      await delay(5);
    }
    await expect
      .poll(() => signals.every(({ aborted }) => aborted) && ended === signals.length, { timeout: 5000 })
      .toBe(true);
  });

  it('stops without an end when the console does, so that browsers come again', async () => {
    source = quiet;
    const answer = await open();
    const text: string[] = [];
    answer.setEncoding('utf8').on('data', (part: string) => text.push(part));
    await expect.poll(() => text.join(''), { timeout: 10_000 }).toContain('first');
    stopping.abort();
    await once(answer, 'end');
    expect(text.join('')).not.toContain('event:');
    expect(ended).toBe(1);
  });

  it('waits for a reader who is slow, and asks its source for no more meanwhile', async () => {
    let made = 0;
    source = () => endless();
    async function* endless(): AsyncGenerator<unknown> {
      const block = 'x'.repeat(65_536);
      for (;;) {
        made++;
        yield await Promise.resolve(block);
      }
    }
    const answer = await open();
    answer.pause();
    // Until all buffers on the way are full.
    let last = -1;
    await expect
      .poll(
        () => {
          const stands = made === last;
          last = made;
          return stands;
        },
        { timeout: 20_000, interval: 300 },
      )
      .toBe(true);
    expect(made).toBeLessThan(1000);
    const held = made;
    answer.resume();
    await expect.poll(() => made, { timeout: 10_000 }).toBeGreaterThan(held + 50);
    answer.destroy();
    await expect.poll(() => ended, { timeout: 10_000 }).toBe(1);
  });
});

async function* failing(error: Error): AsyncGenerator<unknown> {
  yield await Promise.resolve(1);
  throw error;
}

async function* changes(news: EventEmitter, signal: AbortSignal): AsyncGenerator<unknown> {
  yield 'now';
  for await (const [change] of on(news, 'change', { signal })) yield change;
}
