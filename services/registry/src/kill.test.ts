import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { describe, expect, it } from 'vitest';
import { checkpointFile, digestOf, uploadOf } from './checkpoints.fixture.ts';
import { hasPostgres, startPostgres } from './postgres.fixture.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const KILLS = 3;

interface Running {
  readonly child: ChildProcess;
  readonly client: RpcClient<RegistryServiceDefinition>;
}

async function start(dataDir: string, databaseUrl: string): Promise<Running> {
  const env = {
    ...process.env,
    CASSL_DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    CASSL_PORT: '0',
    CASSL_HTTP_PORT: '0',
    CASSL_METRICS_PORT: '0',
    CASSL_NATS_URL: 'nats://127.0.0.1:1',
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  for (let attempt = 0; attempt < 1_200 && child.exitCode === null; attempt++) {
    const address = /"address":"([^"]+)"/.exec(log)?.[1];
    if (address !== undefined)
      return { child, client: createClient(RegistryServiceDefinition, address, { security: {} }) };
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`the registry did not start: ${log}`);
}

/** What was acknowledged before the kill. */
interface Acknowledged {
  readonly published: Set<string>;
  readonly deleted: Set<string>;
  alias: string;
}

/** Publishes, moves an alias and deletes, over and over, until the registry is gone. */
async function work(client: Running['client'], round: number, seen: Acknowledged): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  for (let i = 0; ; i++) {
    const bytes = checkpointFile(round * 1_000 + i, 50_000);
    const digest = digestOf(bytes);
    await client.publishCheckpoint(uploadOf(bytes), { signal });
    seen.published.add(digest);
    if (i % 3 === 1) {
      // Of a move that was not answered nobody knows: either is right.
      await client.setAlias({ alias: 'prod', reference: digest, reason: `${i}` }, { signal });
      seen.alias = digest;
    } else if (i % 3 === 2) {
      seen.published.delete(digest);
      await client.deleteCheckpoint({ digest }, { signal });
      seen.deleted.add(digest);
    }
  }
}

async function check({ client }: Running, seen: Acknowledged): Promise<void> {
  const { checkpoints } = await client.listCheckpoints({ pageSize: 1_000 });
  const found = new Set(checkpoints.map(({ digest }) => digest));
  for (const digest of seen.published) expect(found.has(digest)).toBe(true);
  for (const digest of seen.deleted) expect(found.has(digest)).toBe(false);
  for await (const { damage } of client.verifyCheckpoints({}, { deadlineMs: 60_000 }))
    expect(damage).toBe('');
  if (seen.alias === '') return;
  const { digest, history } = await client.getAlias({ alias: 'prod' });
  expect(history.map((change) => change.digest)).toContain(seen.alias);
  expect(found.has(digest)).toBe(true);
}

async function killOften(databaseUrl: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-registry-kill-'));
  const seen: Acknowledged = { published: new Set(), deleted: new Set(), alias: '' };
  let running = await start(folder, databaseUrl);
  try {
    for (let round = 0; round < KILLS; round++) {
      const { child, client } = running;
      const working = work(client, round, seen).catch(() => undefined);
      await sleep(500 + 700 * Math.random());
      child.kill('SIGKILL');
      await once(child, 'exit');
      client.close();
      await working;
      running = await start(folder, databaseUrl);
      await check(running, seen);
    }
    expect(seen.published.size).toBeGreaterThan(0);
  } finally {
    running.client.close();
    running.child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

describe('a registry that is killed while it publishes, moves and deletes', () => {
  it('loses nothing it acknowledged and shows nothing half done, on SQLite', () => killOften(''), 180_000);

  it.skipIf(!hasPostgres())(
    'loses nothing it acknowledged and shows nothing half done, on PostgreSQL',
    async () => {
      const postgres = await startPostgres();
      try {
        await killOften(postgres.url);
      } finally {
        await postgres.stop();
      }
    },
    180_000,
  );
});
