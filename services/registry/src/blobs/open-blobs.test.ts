import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openBlobs } from './open-blobs.ts';

let server: Server;
let status = 403;
beforeEach(async () => {
  server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end('<Error><Code>Refused</Code><Message>Refused</Message></Error>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('S3_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(() => {
  server.close();
  vi.unstubAllEnvs();
});

describe('a blob store that cannot be used', () => {
  it('for want of rights is named with the rights it needs', async () => {
    await expect(openBlobs('s3://models/cassl', 'database')).rejects.toThrow(
      /cannot use the blob store s3:\/\/models\/cassl: .*Refused; the access key needs GetObject, PutObject/,
    );
  });

  it('for another reason is named with the settings to look at', async () => {
    status = 400;
    await expect(openBlobs('s3://models/cassl', 'database')).rejects.toThrow(
      /check CASSL_BLOBS_URI and S3_ENDPOINT/,
    );
  });
});
