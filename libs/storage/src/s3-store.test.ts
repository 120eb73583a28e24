import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import getPort from 'get-port';
import { storeContract } from './store-contract.ts';
import { openStore, type ObjectStore } from './index.ts';

// A real HTTP server that speaks S3: the one that S3_TEST_ENDPOINT names, or moto's where Python has it.
const given = process.env.S3_TEST_ENDPOINT;
const hasMoto = given === undefined && spawnSync('python3', ['-c', 'import moto.server, flask']).status === 0;

describe.skipIf(given === undefined && !hasMoto)('an s3:// store (needs S3_TEST_ENDPOINT or moto)', () => {
  let server: ChildProcess | undefined;
  let endpoint = given ?? '';
  let bucket = 0;

  beforeAll(async () => {
    process.env.AWS_ACCESS_KEY_ID ??= 'test';
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
    if (given !== undefined) return;
    const port = await getPort({ host: '127.0.0.1' });
    endpoint = `http://127.0.0.1:${port}`;
    server = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
    await until(async () => (await fetch(endpoint)).status < 500);
  });
  afterAll(async () => {
    if (server === undefined) return;
    server.kill();
    await once(server, 'exit');
  });
  beforeEach(async () => {
    bucket++;
    const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: `cassl-test-${process.pid}-${bucket}` }));
    client.destroy();
  });

  const open = (): ObjectStore =>
    openStore(`s3://cassl-test-${process.pid}-${bucket}/some/prefix/`, { S3_ENDPOINT: endpoint });

  storeContract('an s3:// store', open);

  it('names the bucket that does not exist', async () => {
    const store = openStore('s3://cassl-no-such-bucket', { S3_ENDPOINT: endpoint });
    await expect(store.put('x', new Uint8Array(1))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.put('x', new Uint8Array(1))).rejects.toThrow('s3://cassl-no-such-bucket');
  });

  it('is UNAVAILABLE when nobody answers', async () => {
    const store = openStore('s3://b', {
      S3_ENDPOINT: `http://127.0.0.1:${await getPort({ host: '127.0.0.1' })}`,
    });
    await expect(store.head('x')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

async function until(isReady: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isReady().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error('the S3 server did not answer within 20 s');
}
