import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient } from './index.ts';
import { serveEverything, type TestServer } from './identity/test-server.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(waitMs: number): Promise<TestServer> {
  const server = await serveEverything({}, { getAlias: () => sleep(waitMs, { digest: 'answered' }) });
  cleanups.push(() => server.stop({ drainMs: 0 }));
  return server;
}

/** `count` calls over a few connections, as they end: "answered" or the code. */
function callMany(server: TestServer, count: number, connections = 4): Promise<string>[] {
  const clients = Array.from({ length: connections }, () =>
    createClient(RegistryServiceDefinition, server.address, { security: {} }),
  );
  cleanups.push(() => clients.forEach((client) => client.close()));
  return Array.from({ length: count }, (_, index) =>
    clients[index % connections]!.getAlias({ alias: 'x' }).then(
      ({ digest }) => digest,
      ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
    ),
  );
}

describe('a stop', () => {
  it('answers every call that was sent before it, and refuses the later ones as UNAVAILABLE', async () => {
    const server = await start(200);
    const early = callMany(server, 200);
    await sleep(100);
    const stopped = server.stop({ drainMs: 10_000 });
    const late: Promise<string>[] = [];
    for (let wave = 0; wave < 10; wave++) {
      late.push(...callMany(server, 10, 2));
      await sleep(20);
    }
    const ends = await Promise.all(early);
    await stopped;
    const failed = ends.filter((end) => end !== 'answered' && !end.startsWith('UNAVAILABLE'));
    expect(failed).toEqual([]);
    const endsOfLate = await Promise.all(late);
    expect(endsOfLate.filter((end) => end !== 'answered' && !end.startsWith('UNAVAILABLE'))).toEqual([]);
  }, 60_000);

  it('ends within the drain time, whatever hangs', async () => {
    const server = await start(60_000);
    const calls = callMany(server, 5);
    await sleep(200);
    // Connected, and then silent for ever.
    const halfOpen = connect(`http://${server.address}`);
    halfOpen.on('error', () => undefined);
    cleanups.push(() => halfOpen.destroy());
    // The calls hang for longer than this test may take.
    await server.stop({ drainMs: 1000 });
    for (const end of await Promise.all(calls)) expect(end).toMatch(/^(UNAVAILABLE|CANCELLED)/);
  }, 30_000);

  it('lets go at once where nobody calls', async () => {
    const server = await start(0);
    expect(await callMany(server, 1)[0]).toBe('answered');
    // Longer than a test may take.
    await server.stop({ drainMs: 600_000 });
  });
});
