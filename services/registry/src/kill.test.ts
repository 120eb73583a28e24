import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { hasS3, startS3 } from '@cassl/storage/test-s3';
import { describe, expect, it } from 'vitest';
import { checkpointFile, digestOf, uploadOf } from './checkpoints.fixture.ts';
import { hasPostgres, startPostgres } from './postgres.fixture.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const KILLS = 3;
/** A name that no other test of the store has. */
const BUCKET = 'cassl-kill';

interface Running {
  readonly child: ChildProcess;
  readonly client: RpcClient<RegistryServiceDefinition>;
  /** Of the HTTP views. */
  readonly url: string;
}

async function start(dataDir: string, settings: Readonly<Record<string, string>>): Promise<Running> {
  const env = {
    ...process.env,
    CASSL_DATA_DIR: dataDir,
    CASSL_PORT: '0',
    CASSL_HTTP_PORT: '0',
    CASSL_METRICS_PORT: '0',
    CASSL_NATS_URL: 'nats://127.0.0.1:1',
    ...settings,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  for (let attempt = 0; attempt < 2_400 && child.exitCode === null; attempt++) {
    const address = /"address":"([^"]+)"/.exec(log)?.[1];
    const url = /"url":"(http:[^"]+)"/.exec(log)?.[1];
    if (address !== undefined && url !== undefined)
      return { child, url, client: createClient(RegistryServiceDefinition, address, { security: {} }) };
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`the registry did not start: ${log}`);
}

/** What was acknowledged before the kill. */
interface Acknowledged {
  readonly published: Set<string>;
  readonly deleted: Set<string>;
  /** Revisions of commits by the Hub's API, with what they left. */
  readonly commits: Map<string, { readonly digest: string; readonly note: string }>;
  alias: string;
  /** The newest answered state of an alias that is made and deleted; `undefined` while a change is on its way. */
  fleeting: string | undefined;
}

/** Publishes, commits, moves and deletes aliases and checkpoints, over and over, until the registry is gone. */
async function work(running: Running, round: number, seen: Acknowledged): Promise<void> {
  const { client } = running;
  const signal = AbortSignal.timeout(60_000);
  for (let i = 0; ; i++) {
    const bytes = checkpointFile(round * 1_000 + i, 50_000);
    const digest = digestOf(bytes);
    if (i % 5 === 4) {
      await commit(running, bytes, `${round}.${i}`, seen);
      continue;
    }
    await client.publishCheckpoint(uploadOf(bytes), { signal });
    seen.published.add(digest);
    if (i % 5 === 1) {
      // Of a move that was not answered nobody knows: either is right.
      await client.setAlias({ alias: 'prod', reference: digest, reason: `${i}` }, { signal });
      seen.alias = digest;
    } else if (i % 5 === 2) {
      seen.published.delete(digest);
      await client.deleteCheckpoint({ digest }, { signal });
      seen.deleted.add(digest);
    } else if (i % 5 === 3) await makeAndDelete(client, digest, seen);
  }
}

async function makeAndDelete(client: Running['client'], digest: string, seen: Acknowledged): Promise<void> {
  seen.fleeting = undefined;
  await client.setAlias({ alias: 'fleeting', reference: digest });
  seen.fleeting = digest;
  if (Math.random() < 0.5) return;
  seen.fleeting = undefined;
  await client.deleteAlias({ alias: 'fleeting' });
  seen.fleeting = '';
}

/** As the Hub's clients do it: the weights by their own address, then a commit that names them. */
async function commit({ url }: Running, bytes: Uint8Array, note: string, seen: Acknowledged): Promise<void> {
  const post = async (path: string, body: string): Promise<Record<string, unknown>> => {
    const answer = await fetch(url + path, { method: 'POST', body });
    if (!answer.ok && answer.status !== 409) throw new Error(await answer.text());
    return (await answer.json()) as Record<string, unknown>;
  };
  const [oid, size] = [digestOf(bytes), bytes.length];
  await post('/api/repos/create', JSON.stringify({ name: 'net', organization: 'team' }));
  const batch = JSON.stringify({ operation: 'upload', transfers: ['basic'], objects: [{ oid, size }] });
  const { objects } = await post('/team/net.git/info/lfs/objects/batch', batch);
  const [{ actions }] = objects as [{ actions: { upload: { href: string } } }];
  const put = await fetch(actions.upload.href, { method: 'PUT', body: Buffer.from(bytes) });
  if (!put.ok) throw new Error(await put.text());
  const lines = [
    { key: 'header', value: { summary: note } },
    {
      key: 'file',
      value: { path: 'note.txt', content: Buffer.from(note).toString('base64'), encoding: 'base64' },
    },
    { key: 'lfsFile', value: { path: 'model.safetensors', algo: 'sha256', oid, size } },
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const { commitOid } = await post('/api/models/team/net/commit/main', text);
  seen.commits.set(String(commitOid), { digest: oid, note });
}

async function check({ client, url }: Running, seen: Acknowledged): Promise<void> {
  const { checkpoints } = await client.listCheckpoints({ pageSize: 1_000 });
  const found = new Set(checkpoints.map(({ digest }) => digest));
  for (const digest of seen.published) expect(found.has(digest)).toBe(true);
  for (const digest of seen.deleted) expect(found.has(digest)).toBe(false);
  for await (const { damage } of client.verifyCheckpoints({}, { deadlineMs: 60_000 }))
    expect(damage).toBe('');
  for (const [revision, { digest, note }] of seen.commits) {
    expect(await (await fetch(`${url}/team/net/resolve/${revision}/note.txt`)).text()).toBe(note);
    const weights = await fetch(`${url}/team/net/resolve/${revision}/model.safetensors`);
    expect(digestOf(new Uint8Array(await weights.arrayBuffer()))).toBe(digest);
  }
  if (seen.fleeting !== undefined)
    expect((await client.getAlias({ alias: 'fleeting' })).digest).toBe(seen.fleeting);
  seen.fleeting = undefined;
  if (seen.alias === '') return;
  const { digest, history } = await client.getAlias({ alias: 'prod' });
  expect(history.map((change) => change.digest)).toContain(seen.alias);
  expect(found.has(digest)).toBe(true);
}

async function killOften(settings: Readonly<Record<string, string>>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-registry-kill-'));
  const seen: Acknowledged = {
    published: new Set(),
    deleted: new Set(),
    commits: new Map(),
    alias: '',
    fleeting: undefined,
  };
  let running = await start(folder, settings);
  try {
    for (let round = 0; round < KILLS; round++) {
      const { child, client } = running;
      const before = seen.published.size;
      const working = work(running, round, seen).catch(() => undefined);
      // Killed at some moment of its work, however slow the machine is.
      for (let waited = 0; waited < 600 && seen.published.size < before + 5; waited++) await sleep(50);
      await sleep(700 * Math.random());
      child.kill('SIGKILL');
      await once(child, 'exit');
      client.close();
      await working;
      running = await start(folder, settings);
      await check(running, seen);
    }
    expect(seen.published.size).toBeGreaterThan(0);
    expect(seen.commits.size).toBeGreaterThan(0);
  } finally {
    running.client.close();
    running.child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

describe('a registry that is killed while it publishes, commits, moves and deletes', () => {
  const title = 'loses nothing it acknowledged and shows nothing half done, on';
  const LONG_MS = 400_000;

  it(`${title} SQLite and a folder`, () => killOften({ DATABASE_URL: '' }), LONG_MS);

  it.skipIf(!hasPostgres())(
    `${title} PostgreSQL and a folder`,
    () => withPostgres((DATABASE_URL) => killOften({ DATABASE_URL })),
    LONG_MS,
  );

  it.skipIf(!hasS3())(
    `${title} SQLite and S3`,
    () => withS3((s3) => killOften({ DATABASE_URL: '', ...s3 })),
    LONG_MS,
  );

  it.skipIf(!hasS3() || !hasPostgres())(
    `${title} PostgreSQL and S3`,
    () => withPostgres((DATABASE_URL) => withS3((s3) => killOften({ DATABASE_URL, ...s3 }))),
    LONG_MS,
  );
});

async function withPostgres(action: (url: string) => Promise<void>): Promise<void> {
  const postgres = await startPostgres();
  try {
    await action(postgres.url);
  } finally {
    await postgres.stop();
  }
}

async function withS3(action: (settings: Readonly<Record<string, string>>) => Promise<void>): Promise<void> {
  const s3 = await startS3();
  try {
    const bucket = `${BUCKET}-${Date.now()}`;
    await s3.makeBucket(bucket);
    await action({ CASSL_BLOBS_URI: `s3://${bucket}/models`, S3_ENDPOINT: s3.endpoint });
  } finally {
    await s3.stop();
  }
}
