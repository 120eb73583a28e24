import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

describe('an s3:// store whose server lost a part of the request', () => {
  const refuse = (name: string): string =>
    `<Error><Code>${name}</Code><Message>of the server</Message></Error>`;
  let name = '';
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(400, { 'content-type': 'application/xml' }).end(refuse(name));
  });
  beforeAll(async () => {
    for (const [key, value] of Object.entries(KEYS)) process.env[key] ??= value;
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['RequestTimeout', 'UNAVAILABLE'],
    ['IncompleteBody', 'UNAVAILABLE'],
    ['InvalidArgument', 'FAILED_PRECONDITION'],
  ])('gives %s the status %s', async (answer, code) => {
    name = answer;
    const { port } = server.address() as AddressInfo;
    const store = openStore('s3://slow', { S3_ENDPOINT: `http://127.0.0.1:${port}` });
    await expect(store.put('x', new Uint8Array(10))).rejects.toMatchObject({ code });
  });
});

describe('an s3:// store whose server falls silent', () => {
  // Answers how long an object is and sends its first bytes; all else waits for ever.
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 100 }).end();
    else if (!request.url!.includes('list-type'))
      response.writeHead(206, { 'content-length': 100 }).write('half');
  });
  let store: ObjectStore;
  beforeAll(async () => {
    for (const [name, value] of Object.entries(KEYS)) process.env[name] ??= value;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    store = openStore('s3://silent', { S3_ENDPOINT: `http://127.0.0.1:${port}` });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('stops listing and reading when it is told to', async () => {
    const reading = new AbortController();
    const chunks = store.get('x', { signal: reading.signal })[Symbol.asyncIterator]();
    expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe('half');
    const rest = chunks.next();
    reading.abort();
    await expect(rest).rejects.toMatchObject({ name: 'AbortError' });

    const listing = new AbortController();
    const asked = once(server, 'request');
    const first = store.list('', { signal: listing.signal })[Symbol.asyncIterator]().next();
    await asked;
    listing.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  });
});
