import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectEvents, findNatsServer, openEvents, startNatsServer } from '@cassl/events';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, downloadCheckpoint, publishCheckpointFile, type RpcClient } from '@cassl/rpc';
import { afterEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const MIB = 2 ** 20;

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-registry-main-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Running {
  readonly child: ChildProcess;
  readonly address: string;
  readonly client: RpcClient<RegistryServiceDefinition>;
}

/** The registry as its own process, as it is deployed. */
async function startRegistry(dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      CASSL_DATA_DIR: dataDir,
      CASSL_PORT: '0',
      CASSL_METRICS_PORT: '0',
      CASSL_HTTP_PORT: '0',
      CASSL_NATS_URL: 'nats://127.0.0.1:1',
      CASSL_LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  for (let i = 0; i < 600; i++) {
    const address = /"address":"([^"]+)"/.exec(log)?.[1];
    if (address !== undefined) {
      const client = createClient(RegistryServiceDefinition, address, { security: {} });
      cleanups.push(() => client.close());
      return { child, address, client };
    }
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`the registry did not start: ${log}`);
}

/** One tensor of zeros behind a valid header: a sparse file, large without needing the disk. */
async function sparseCheckpoint(path: string, dataBytes: number): Promise<void> {
  const entry = { dtype: 'F32', shape: [dataBytes / 4], data_offsets: [0, dataBytes] };
  const header = Buffer.from(JSON.stringify({ weight: entry }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, 'w');
  await file.write(Buffer.concat([length, header]));
  await file.truncate(8 + header.length + dataBytes);
  await file.close();
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** The most memory a process had at any of many moments; its own peak counter remembers the start of PGlite. */
function watchMemory(pid: number | undefined): { stop(): Promise<number> } {
  const over = new AbortController();
  const peak = (async () => {
    let most = 0;
    while (!over.signal.aborted) {
      most = Math.max(most, await residentBytes(pid));
      await sleep(20);
    }
    return most;
  })();
  return {
    stop() {
      over.abort();
      return peak;
    },
  };
}

describe('the registry process', () => {
  it('takes and gives a checkpoint of 500 MB in constant memory', async () => {
    const folder = await makeFolder();
    const { child, client } = await startRegistry(folder);
    const small = join(folder, 'small');
    await sparseCheckpoint(small, 32 * MIB);
    await publishCheckpointFile({ client, file: small, manifest: {} });

    const large = join(folder, 'large');
    await sparseCheckpoint(large, 500 * MIB);
    const before = await residentBytes(child.pid);
    const memory = watchMemory(child.pid);
    const startedAt = performance.now();
    const { checkpoint } = await publishCheckpointFile({ client, file: large, manifest: {} });
    const uploadedAt = performance.now();
    const reference = checkpoint?.digest ?? '';
    const { path } = await downloadCheckpoint({ client, reference, cacheDir: join(folder, 'cache') });
    const seconds = (performance.now() - startedAt) / 1000;
    const growth = (await memory.stop()) - before;
    console.info(
      `500 MiB: up ${((uploadedAt - startedAt) / 1000).toFixed(1)} s, in all ${seconds.toFixed(1)} s, ` +
        `memory +${Math.round(growth / MIB)} MiB at its peak`,
    );
    expect((await stat(path)).size).toBe((await stat(large)).size);
    expect(growth).toBeLessThan(100 * MIB);
  }, 120_000);

  it('keeps what it had of an upload when it is killed, and goes on from there', async () => {
    const folder = await makeFolder();
    const file = join(folder, 'model');
    await sparseCheckpoint(file, 64 * MIB);
    const first = await startRegistry(folder);
    const killed = Promise.withResolvers<void>();
    const upload = publishCheckpointFile({
      client: first.client,
      file,
      manifest: {},
      onProgress: (sent) => {
        if (sent > 32 * MIB && first.child.exitCode === null && first.child.kill('SIGKILL')) killed.resolve();
      },
      signal: AbortSignal.timeout(5_000),
    });
    await expect(upload).rejects.toThrow();
    await killed.promise;

    const { client } = await startRegistry(folder);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    const digest = hash.digest('hex');
    const { receivedBytes, published } = await client.getUpload({ digest });
    expect(published).toBe(false);
    expect(receivedBytes).toBeGreaterThan(8 * MIB);
    let sent = 0;
    const { checkpoint } = await publishCheckpointFile({
      client,
      file,
      manifest: {},
      onProgress: () => (sent += 256 * 1024),
    });
    expect(checkpoint?.digest).toBe(digest);
    expect(sent).toBeLessThan((await stat(file)).size - receivedBytes + MIB);
  }, 60_000);

  it('stops cleanly on SIGTERM and lets no second process use its folder', async () => {
    const folder = await makeFolder();
    const { child } = await startRegistry(folder);
    await expect(startRegistry(folder)).rejects.toThrow('another process uses the data folder');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    await startRegistry(folder);
  }, 240_000);

  it('names a bad setting and exits with 2', async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, CASSL_PORT: '70000', CASSL_LOG_LEVEL: 'silent' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let message = '';
    child.stderr.on('data', (chunk: Buffer) => (message += chunk.toString()));
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(message).toContain('CASSL_PORT');
    expect(message).toContain('"70000"');
    expect(message).toContain('65535');
  });

  it.skipIf(!hasNats())(
    'loses no event while nats-server is away',
    async () => {
      const folder = await makeFolder();
      const storeDir = await makeFolder();
      const first = await startNatsServer({ storeDir });
      await first.stop();
      const { client } = await startRegistry(folder, { CASSL_NATS_URL: first.url });
      const file = join(folder, 'model');
      await sparseCheckpoint(file, 1 * MIB);
      const { checkpoint } = await publishCheckpointFile({ client, file, manifest: {} });
      await client.setAlias({ alias: 'a', reference: checkpoint?.digest ?? '' });
      const second = await startNatsServer({ storeDir, port: first.port });
      cleanups.push(() => second.stop());
      const connection = await connectEvents({ servers: second.url, name: 'test' });
      cleanups.push(() => connection.close());
      const bus = await openEvents(connection);
      const facts: unknown[] = [];
      for await (const { fact } of bus.subscribe({ durable: 'test', signal: AbortSignal.timeout(20_000) })) {
        facts.push(fact?.$case);
        if (facts.length === 2) break;
      }
      expect(facts).toEqual(['checkpointPublished', 'aliasMoved']);
    },
    60_000,
  );
});

function hasNats(): boolean {
  try {
    return findNatsServer() !== '';
  } catch {
    return false;
  }
}
