import { once } from 'node:events';
import { connect, createServer, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallWindows } from './call-windows.ts';

const MEBIBYTE = 2 ** 20;
const NARROW = 65_535;

let windows: CallWindows;
let server: ReturnType<typeof createServer>;
const sessions: ClientHttp2Session[] = [];

beforeEach(async () => {
  windows = new CallWindows();
  server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    windows.take(stream.session as never, stream);
    stream.respond({ ':status': 200 });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
  server.close();
});

function openSession(): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  sessions.push(session);
  return session;
}

/** Calls that the server has taken. */
async function openCalls(session: ClientHttp2Session, count: number): Promise<ClientHttp2Stream[]> {
  const calls = Array.from({ length: count }, () => session.request({ ':method': 'POST' }));
  for (const call of calls) call.on('error', () => undefined);
  await Promise.all(calls.map((call) => once(call, 'response')));
  return calls;
}

async function closeCalls(calls: readonly ClientHttp2Stream[]): Promise<void> {
  const closed = calls.map((call) => once(call, 'close'));
  for (const call of calls) call.close();
  await Promise.all(closed);
}

const windowOf = ({ remoteSettings }: ClientHttp2Session): number | undefined =>
  remoteSettings.initialWindowSize;

describe('what clients may send ahead of handlers', () => {
  it('is a mebibyte a call while there are few', async () => {
    const session = openSession();
    await openCalls(session, 3);
    await expect.poll(() => windowOf(session)).toBe(MEBIBYTE);
    expect(windows.bytes).toBe(3 * MEBIBYTE);
  });

  it('is 64 KiB a call where there are many, on every connection, and 128 MiB of those before', async () => {
    const [first, second] = [openSession(), openSession()];
    await openCalls(first, 100);
    await openCalls(second, 100);
    await expect.poll(() => [windowOf(first), windowOf(second)]).toEqual([NARROW, NARROW]);
    const third = openSession();
    await openCalls(third, 100);
    expect(windowOf(third)).toBe(NARROW);
    expect(windows.bytes).toBe(128 * MEBIBYTE + 172 * NARROW);
  });

  it('widens again for calls that come when most have ended', async () => {
    const session = openSession();
    const calls = await openCalls(session, 200);
    await expect.poll(() => windowOf(session)).toBe(NARROW);
    await closeCalls(calls.slice(10));
    await openCalls(session, 1);
    await expect.poll(() => windowOf(session)).toBe(MEBIBYTE);
    expect(windows.bytes).toBe(11 * MEBIBYTE);
    await closeCalls(calls.slice(0, 10));
    await expect.poll(() => windows.bytes).toBe(MEBIBYTE);
  });
});
