import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import getPort from 'get-port';
import { storeContract } from './store-contract.ts';
import { openStore, type ObjectStore } from './index.ts';
import { hasS3, startS3, type TestS3 } from './test-s3.ts';

describe.skipIf(!hasS3())('an s3:// store (needs S3_TEST_ENDPOINT or moto)', () => {
  let server: TestS3;
  let bucket = 0;

  beforeAll(async () => {
    server = await startS3();
  }, 90_000);
  afterAll(() => server.stop());
  beforeEach(() => server.makeBucket(`cassl-test-${process.pid}-${++bucket}`));

  const open = (): ObjectStore =>
    openStore(`s3://cassl-test-${process.pid}-${bucket}/some/prefix/`, { S3_ENDPOINT: server.endpoint });

  storeContract('an s3:// store', open);

  it('names the bucket that does not exist', async () => {
    const store = openStore('s3://cassl-no-such-bucket', { S3_ENDPOINT: server.endpoint });
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
