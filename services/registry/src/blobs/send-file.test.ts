import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendChunks, sendFile } from './send-file.ts';

const BYTES = randomBytes(900_000);
let folder: string;
let file: FileHandle;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-send-'));
  await writeFile(join(folder, 'file'), BYTES);
  file = await open(join(folder, 'file'));
});
afterAll(async () => {
  await file.close();
  await rm(folder, { recursive: true, force: true });
});

/** Takes its time; copies what it took before it calls back, as a socket does. */
class SlowSink extends Writable {
  readonly taken: Buffer[] = [];
  readonly #whenTaken: (sink: SlowSink) => void;

  constructor(whenTaken: (sink: SlowSink) => void = () => undefined) {
    super({ highWaterMark: 1000 });
    this.#whenTaken = whenTaken;
    this.on('error', () => undefined);
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    setImmediate(() => {
      this.taken.push(Buffer.from(chunk));
      this.#whenTaken(this);
      done();
    });
  }
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < BYTES.length; start += 100_000)
    yield await Promise.resolve(BYTES.subarray(start, start + 100_000));
}

const send = {
  'a file': (sink: Writable, signal?: AbortSignal): Promise<unknown> =>
    sendFile(file, sink, { start: 0, end: BYTES.length, signal }),
  'made pieces': (sink: Writable, signal?: AbortSignal): Promise<unknown> =>
    sendChunks(pieces(), sink, signal),
};

describe.each(Object.entries(send))('%s into a slow stream', (_, into) => {
  it('arrives whole and in order, and leaves the stream open without listeners', async () => {
    const sink = new SlowSink();
    const before = sink.eventNames().length;
    await into(sink);
    await new Promise<void>((resolve) => sink.write('', () => resolve()));
    expect(Buffer.concat(sink.taken).equals(BYTES)).toBe(true);
    expect([sink.writable, sink.destroyed]).toEqual([true, false]);
    expect(sink.eventNames()).toHaveLength(before);
  });

  it('ends as CANCELLED where the stream closes in the middle, instead of waiting', async () => {
    const sink = new SlowSink((self) => self.taken.length === 2 && self.destroy());
    await expect(into(sink)).rejects.toMatchObject({ code: 'CANCELLED', message: 'the client went away' });
  });

  it('is not begun into a stream that is closed', async () => {
    const sink = new SlowSink();
    sink.destroy();
    await expect(into(sink)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(sink.taken).toEqual([]);
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const sink = new SlowSink(() => stop.abort(new Error('the call was cancelled')));
    await expect(into(sink, stop.signal)).rejects.toThrow('the call was cancelled');
  });
});

describe('a file that is shorter than what is asked for', () => {
  it('is sent to its end, and counted', async () => {
    const sink = new SlowSink();
    expect(await sendFile(file, sink, { start: BYTES.length - 10, end: BYTES.length + 10 })).toBe(10);
    expect(await sendFile(file, sink, { start: 5, end: 5 })).toBe(0);
  });
});
