import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BROKER_USERS, passwordVariable, usersConfig } from '@cassl/events';
import { JobState, RegistryServiceDefinition, type Pipeline } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { openStore } from '@cassl/storage';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { startTestCollector, type TestCollector } from '@cassl/telemetry/test-collector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClients, pipelineEnd, type Clients } from './clients.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { makeMicroData, microPipeline } from './micro-pipeline.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WORKER = join(ROOT, 'services/labeler/src/labeling/label-worker.ts');

/** Everything secret has this word in it, and nothing else has. */
const MARK = 'swordfish';
const OPERATOR = `${MARK}-operator-token`;
const CAMERA = `${MARK}-camera-token`;
const passwordOf = (user: string): string => `${MARK}-nats-${user}`;
const S3_KEYS = { AWS_ACCESS_KEY_ID: `AKIA${MARK}`, AWS_SECRET_ACCESS_KEY: `${MARK}-s3-secret` };
const PASSWORDS = Object.fromEntries(BROKER_USERS.map((user) => [passwordVariable(user), passwordOf(user)]));

let folder: string;
let s3: TestS3 | undefined;
let collector: TestCollector;
let cluster: Cluster;
let worker: ChildProcess;
let clients: Clients;
let receiver: Server;
let pipeline: Pipeline;
let webhookSecret = '';
/** What callers were told, and what else came out of the services. */
const told: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-secrets-'));
  const configFile = join(folder, 'nats-users.conf');
  const tokensFile = join(folder, 'tokens.json');
  await writeFile(configFile, usersConfig());
  const digest = createHash('sha256').update(CAMERA).digest('hex');
  const tokens = { tokens: [{ name: 'camera', sha256: digest, scopes: ['infer'] }] };
  await writeFile(tokensFile, JSON.stringify(tokens));
  collector = await startTestCollector();
  s3 = hasS3() ? await startS3() : undefined;
  await s3?.makeBucket('models');
  await s3?.makeBucket('labels');
  const shared = {
    CASSL_AUTH_TOKEN: OPERATOR,
    CASSL_TOKENS_FILE: tokensFile,
    CASSL_LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    ...S3_KEYS,
    ...(s3 === undefined ? {} : { S3_ENDPOINT: s3.endpoint, AWS_REGION: 'us-east-1' }),
  };
  const envOf = (user: string, more: Record<string, string> = {}): Record<string, string> => ({
    ...{ ...shared, CASSL_NATS_USER: user, CASSL_NATS_PASSWORD: passwordOf(user) },
    ...more,
  });
  Object.assign(process.env, { CASSL_AUTH_TOKEN: OPERATOR });
  cluster = await startCluster({
    nats: { configFile, env: PASSWORDS },
    outputs: s3 === undefined ? [] : ['s3://labels'],
    env: {
      registry: envOf('registry', s3 === undefined ? {} : { CASSL_BLOBS_URI: 's3://models/blobs' }),
      trainer: envOf('trainer'),
      labeler: envOf('labeler', { CASSL_LABEL_WORKERS: '0', CASSL_LABEL_STUDIO_TOKEN: `${MARK}-studio` }),
      evaluator: envOf('evaluator'),
    },
  });
  worker = startWorker(envOf('label-worker'));
  clients = openClients(cluster.endpoints);
  receiver = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  webhookSecret = (await clients.registry.createWebhook({ url, aliasPrefix: '' })).secret;
  const data = await makeMicroData(join(cluster.home, 'scenes'));
  const output = s3 === undefined ? `file://${cluster.home}/out` : 's3://labels/out';
  await clients.pipelines.start({ id: 'secret-1', spec: microPipeline(data, output) });
  pipeline = await pipelineEnd(clients, 'secret-1', 500_000);
}, 600_000);

afterAll(async () => {
  delete process.env['CASSL_AUTH_TOKEN'];
  clients?.close();
  worker?.kill();
  await cluster?.stop();
  receiver?.close();
  await s3?.stop();
  await collector?.close();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

/** As in a cluster: a process of its own, with its own user of the broker. */
function startWorker(env: Record<string, string>): ChildProcess {
  const { home, natsPort, endpoints } = cluster;
  const child = spawn(process.execPath, [WORKER], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CASSL_NATS_URL: `nats://127.0.0.1:${natsPort}`,
      CASSL_REGISTRY_ADDRESS: endpoints.registry,
      CASSL_DATA_DIR: join(home, 'label-worker'),
      CASSL_DATA_ROOTS: home,
      CASSL_OUTPUT_ROOTS: [home, ...(s3 === undefined ? [] : ['s3://labels'])].join(','),
      CASSL_SHARD_ACK_WAIT_MS: '2000',
      ...env,
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => told.push(chunk.toString()));
  return child;
}

/** Where the word is found, with what stands around it. */
function findingsIn(texts: Iterable<readonly [string, string]>): string[] {
  const findings: string[] = [];
  for (const [place, text] of texts) {
    for (const secret of [MARK, webhookSecret.slice('whsec_'.length)]) {
      const at = text.indexOf(secret);
      if (at >= 0) findings.push(`${place}: …${text.slice(Math.max(0, at - 80), at + 40)}…`);
    }
  }
  return findings;
}

async function filesUnder(path: string): Promise<(readonly [string, string])[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const));
}

describe('a platform whose every secret is known by a word', () => {
  it('runs a pipeline to its end, each service with its own user of the broker', async () => {
    const { status, stages } = pipeline;
    expect(status?.state, JSON.stringify({ status, stages })).toBe(JobState.JOB_STATE_SUCCEEDED);
    const logs = await filesUnder(join(cluster.home, 'logs'));
    for (const [, text] of [...logs, ['worker', told.join('')] as const])
      expect(text).not.toMatch(/ermissions Violation|PERMISSION_DENIED/);
  });

  it('refuses wrong tokens, scopes, addresses and credentials without repeating them', async () => {
    const security = (token: string): object => ({ security: { token } });
    const attempts = [
      [`${MARK}-wrong-token`, 'UNAUTHENTICATED'],
      [`${MARK}.wrong.jwt`, 'UNAUTHENTICATED'],
      [CAMERA, 'PERMISSION_DENIED'],
    ] as const;
    for (const [token, code] of attempts) {
      const client = createClient(RegistryServiceDefinition, cluster.endpoints.registry, security(token));
      const error = await client.listCheckpoints({}).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code });
      told.push(JSON.stringify(error), String(error), String((error as Error).stack));
      client.close();
    }
    const uri = `s3://${MARK}:${MARK}@elsewhere/pool`;
    const start = clients.labeler.startLabeling({
      id: 'elsewhere',
      spec: { checkpoint: 'micro/labeler', pool: { uri }, outputUri: 's3://labels/x' },
    });
    const refused: unknown = await start.catch((failure: unknown) => failure);
    expect(refused).toMatchObject({ code: expect.stringMatching(/INVALID_ARGUMENT|PERMISSION_DENIED/) });
  });

  it('tells none in logs, records of the broker, the database, checkpoints, labels and every other file', async () => {
    const files = await filesUnder(cluster.home);
    expect(files.length).toBeGreaterThan(30);
    const streams = files.filter(([path]) => path.includes('/nats/jetstream/')).map(([path]) => path);
    for (const name of ['KV_jobs-pipelines', 'KV_jobs-labelings', 'JOBS_shards', 'CASSL_EVENTS'])
      expect(streams.join()).toContain(name);
    // A delivery is signed with the webhook's secret, which therefore lies in the registry's database and nowhere else.
    const database = files.filter(([path]) => path.includes('/registry/') && /sqlite|\.db/.test(path));
    expect(database.length).toBeGreaterThan(0);
    expect(findingsIn(files.filter((file) => !database.includes(file)))).toEqual([]);
    expect(database.filter(([, text]) => text.includes(MARK)).map(([path]) => path)).toEqual([]);
  });

  it('would be found out', () => {
    const leaks = [`level=info token=${OPERATOR}`, `key ${webhookSecret}`].map(
      (text) => ['log', text] as const,
    );
    expect(findingsIn(leaks)).toHaveLength(2);
  });

  it('tells none in traces, metrics and arguments of processes', async () => {
    expect(collector.spans.length).toBeGreaterThan(50);
    expect(findingsIn(collector.raw.map((text, index) => [`collector ${index}`, text] as const))).toEqual([]);
    for (const url of cluster.metricsUrls) {
      const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${OPERATOR}` } });
      expect(answer.status).toBe(200);
      expect(findingsIn([[url, await answer.text()]])).toEqual([]);
    }
    expect(findingsIn([['ps', execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })]])).toEqual([]);
  });

  it('tells none to callers, nor to the list of webhooks', async () => {
    const webhooks = await clients.registry.listWebhooks({});
    expect(webhooks.webhooks).toHaveLength(1);
    const answers = [webhooks, pipeline].map((answer) => JSON.stringify(answer, bigintAsText));
    expect(findingsIn([...told, ...answers].map((text) => ['told', text] as const))).toEqual([]);
  });

  it('tells none by cassl diagnose, which has logs, records and settings', async () => {
    const out = join(folder, 'diagnosis.json');
    const { endpoints, home } = cluster;
    const env = {
      ...process.env,
      ...S3_KEYS,
      CASSL_NATS_PASSWORD: passwordOf('labeler'),
      DATABASE_URL: `postgres://cassl:${MARK}@db:5432/cassl`,
      ...Object.fromEntries(
        Object.entries(endpoints).map(([name, address]) => [`CASSL_${name.toUpperCase()}_ADDRESS`, address]),
      ),
    };
    const command = [join(ROOT, 'libs/cli/src/main.ts'), 'diagnose', '--home', home, '--out', out];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { env });
    const text = await readFile(out, 'utf8');
    for (const part of ['secret-1', 'labeler.log', 'CASSL_NATS_PASSWORD']) expect(text).toContain(part);
    expect(
      findingsIn([
        ['diagnosis', text],
        ['output', stdout + stderr],
      ]),
    ).toEqual([]);
  }, 300_000);

  it.skipIf(!hasS3())('tells none in the object store (needs S3_TEST_ENDPOINT or moto)', async () => {
    const objects = await objectsOf(s3!, ['models', 'labels']);
    expect(objects.map(([name]) => name).join()).toMatch(/models\/blobs.*labels\/out/s);
    expect(findingsIn(objects)).toEqual([]);
  });
});

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

async function objectsOf(
  { endpoint }: TestS3,
  buckets: readonly string[],
): Promise<(readonly [string, string])[]> {
  const objects: (readonly [string, string])[] = [];
  for (const bucket of buckets) {
    const store = openStore(`s3://${bucket}`, { S3_ENDPOINT: endpoint });
    for await (const { key } of store.list('')) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.get(key)) chunks.push(chunk);
      objects.push([`${bucket}/${key}`, Buffer.concat(chunks).toString('latin1')]);
    }
  }
  return objects;
}
