import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import getPort from 'get-port';

/** For tests: a real HTTP server that speaks S3, either the one that `S3_TEST_ENDPOINT` names or moto's. */
export interface TestS3 {
  readonly endpoint: string;
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** `pip install 'moto[server]'` into this one. */
const python = process.env.CASSL_PYTHON ?? 'python3';

export function hasS3(): boolean {
  if (process.env.S3_TEST_ENDPOINT) return true;
  return spawnSync(python, ['-c', 'import moto.server, flask']).status === 0;
}

/** Starts it, or answers the given one; credentials are set where the process has none. */
export async function startS3(): Promise<TestS3> {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  const given = process.env.S3_TEST_ENDPOINT;
  const endpoint = given ?? `http://127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  const server = given === undefined ? await startMoto(endpoint) : undefined;
  return {
    endpoint,
    async makeBucket(Bucket) {
      const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
      const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket }));
      client.destroy();
    },
    async stop() {
      if (server === undefined) return;
      server.kill();
      await once(server, 'exit');
    },
  };
}

async function startMoto(endpoint: string): Promise<ChildProcess> {
  const { port } = new URL(endpoint);
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', port], { stdio: 'ignore' });
  for (let attempt = 0; attempt < 600; attempt++) {
    const isUp = await fetch(endpoint).then(
      ({ status }) => status < 500,
      () => false,
    );
    if (isUp) return server;
    await sleep(100);
  }
  server.kill();
  throw new Error('the S3 server did not answer within 60 s');
}
