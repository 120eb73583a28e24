import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import getPort from 'get-port';

/** A real HTTP server that speaks S3: what S3_TEST_ENDPOINT names, or moto. */
export interface TestS3 {
  readonly endpoint: string;
  makeBucket(name: string): Promise<void>;
  /** Under any key, those too that our store takes for nobody's. */
  put(bucket: string, key: string, bytes: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

export interface TestS3Options {
  /**
   * Requests that moto takes unsigned by anybody it knows, before it asks for keys of IAM users and holds their policies. @default
   * all
   */
  readonly unchecked?: number;
}

const OWN_PYTHON = fileURLToPath(new URL('../../../.tools/python-s3/bin/python', import.meta.url));
const SERIAL_MOTO = fileURLToPath(new URL('serial-moto.py', import.meta.url));
const UP_MS = 120_000;

/** Tests that need it are skipped by name where `pip install 'moto[server]'` was not done (`scripts/test.sh` does it). */
export function hasS3(): boolean {
  return process.env['S3_TEST_ENDPOINT'] !== undefined || hasMoto();
}

/** Whether policies of users can be tested. */
export function hasMoto(): boolean {
  return existsSync(OWN_PYTHON) || spawnSync(python(), ['-c', 'import moto.server, flask']).status === 0;
}

function python(): string {
  return existsSync(OWN_PYTHON) ? OWN_PYTHON : (process.env['CASSL_PYTHON'] ?? 'python3');
}

/** Sets keys in this process's environment where there are none, as the S3 client wants some. */
export async function startS3(options: TestS3Options = {}): Promise<TestS3> {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';
  const given = options.unchecked === undefined ? process.env['S3_TEST_ENDPOINT'] : undefined;
  const endpoint = given ?? `http://127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  const server = given === undefined ? await startMoto(endpoint, options) : undefined;
  return {
    endpoint,
    async makeBucket(Bucket) {
      const { CreateBucketCommand } = await import('@aws-sdk/client-s3');
      await withClient(endpoint, (client) => client.send(new CreateBucketCommand({ Bucket })));
    },
    async put(Bucket, Key, Body) {
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      await withClient(endpoint, (client) => client.send(new PutObjectCommand({ Bucket, Key, Body })));
    },
    async stop() {
      if (server === undefined) return;
      server.kill();
      await once(server, 'exit');
    },
  };
}

async function startMoto(endpoint: string, { unchecked }: TestS3Options): Promise<ChildProcess> {
  const { port } = new URL(endpoint);
  const server = spawn(python(), [SERIAL_MOTO, port], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...(unchecked === undefined ? {} : { INITIAL_NO_AUTH_ACTION_COUNT: String(unchecked) }),
    },
  });
  const deadline = performance.now() + UP_MS;
  while (performance.now() < deadline && server.exitCode === null) {
    const isUp = await fetch(`${endpoint}/moto-api/`).then(
      ({ status }) => status < 500,
      () => false,
    );
    if (isUp) return server;
    await sleep(100);
  }
  server.kill();
  throw new Error(`the S3 server did not answer within ${UP_MS} ms`);
}

async function withClient(endpoint: string, use: (client: S3Client) => Promise<unknown>): Promise<void> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  try {
    await use(client);
  } finally {
    client.destroy();
  }
}
