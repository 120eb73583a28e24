import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { publishCheckpointFile } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile, digestOf } from '../checkpoints.fixture.ts';
import { startViews, type TestViews } from './start-views.fixture.ts';

let views: TestViews;
beforeAll(async () => {
  views = await startViews();
});
afterAll(() => views.stop());

async function addressOf(bytes: Uint8Array): Promise<{ url: string; receivedBytes: number }> {
  const { http, receivedBytes } = await views.client.getUpload({
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
  });
  return { url: `http://127.0.0.1:${http!.port}${http!.path}`, receivedBytes };
}

const put = (url: string, bytes: Uint8Array) => fetch(url, { method: 'PUT', body: Buffer.from(bytes) });
const publish = async (bytes: Uint8Array, name: string, client: object = views.client) => {
  const file = join(views.folder, name);
  await writeFile(file, bytes);
  return publishCheckpointFile({ client: client as TestViews['client'], file, manifest: {} });
};

describe('an upload by HTTP', () => {
  it('is what publishing a file does, which then sends no byte by gRPC', async () => {
    const bytes = checkpointFile(1, 800_000);
    let messages = 0;
    const client = {
      address: views.client.address,
      getUpload: views.client.getUpload,
      publishCheckpoint: (requests: AsyncIterable<object>, options: object) =>
        views.client.publishCheckpoint(counted(requests), options),
    };
    async function* counted(requests: AsyncIterable<object>): AsyncGenerator<never> {
      for await (const request of requests) {
        messages++;
        yield request as never;
      }
    }
    const { checkpoint, existed } = await publish(bytes, 'by-http', client);
    expect({ digest: checkpoint?.digest, existed, messages }).toEqual({
      digest: digestOf(bytes),
      existed: false,
      messages: 1,
    });
  });

  it('goes by gRPC where nobody listens, and says what is wrong with the bytes', async () => {
    const { uploadPort } = views.registry;
    views.registry.uploadPort = 1;
    try {
      expect(await publish(checkpointFile(2), 'by-grpc')).toMatchObject({ existed: false });
      await expect(publish(Buffer.from('not a checkpoint'), 'no-checkpoint')).rejects.toThrow(/header/);
    } finally {
      views.registry.uploadPort = uploadPort;
    }
    await expect(publish(Buffer.from('no checkpoint either'), 'no-checkpoint')).rejects.toThrow(/header/);
  });

  it('that breaks off goes on where it was', async () => {
    const bytes = checkpointFile(3, 900_000);
    const { url } = await addressOf(bytes);
    const { port, pathname, search } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const lines = [`PUT ${pathname}${search} HTTP/1.1`, 'host: x', `content-length: ${bytes.length}`, '', ''];
    socket.write(lines.join('\r\n'));
    socket.write(bytes.subarray(0, 2_500_000), () => socket.destroy());
    await expect
      .poll(async () => (await addressOf(bytes)).receivedBytes, { timeout: 20_000 })
      .toBeGreaterThan(2_000_000);
    const { receivedBytes } = await addressOf(bytes);
    const again = await put(`${url}&offset=${receivedBytes}`, bytes.subarray(receivedBytes));
    expect(again.status).toBe(200);
    expect((await addressOf(bytes)).receivedBytes).toBe(bytes.length);
    expect(await publish(bytes, 'broken-off')).toMatchObject({ existed: false });
  });

  it('is seen by nobody before it is published', async () => {
    const bytes = checkpointFile(4);
    const { url } = await addressOf(bytes);
    expect((await put(url, bytes)).status).toBe(200);
    const { checkpoints } = await views.client.listCheckpoints({ pageSize: 1_000 });
    expect(checkpoints.map(({ digest }) => digest)).not.toContain(digestOf(bytes));
    expect((await views.get(`/v1/checkpoints/${digestOf(bytes)}/file`)).status).toBe(404);
  });

  it.each([
    [
      'other bytes',
      (bytes: Uint8Array) => bytes.map((byte, index) => (index === 900 ? byte ^ 1 : byte)),
      '',
      400,
    ],
    ['fewer bytes', (bytes: Uint8Array) => bytes.subarray(0, -1), '', 400],
    ['more bytes', (bytes: Uint8Array) => Buffer.concat([bytes, bytes]), '', 400],
    ['an offset beyond what is kept', (bytes: Uint8Array) => bytes.subarray(50), '&offset=50', 400],
    ['an offset beyond the end', (bytes: Uint8Array) => bytes, '&offset=99999999', 400],
    ['no offset', (bytes: Uint8Array) => bytes, '&offset=x', 400],
  ])('with %s is refused', async (_, change, query, status) => {
    const bytes = checkpointFile(5);
    const { url } = await addressOf(bytes);
    expect((await put(url + query, change(bytes))).status).toBe(status);
    expect((await views.client.getUpload({ digest: digestOf(bytes) })).published).toBe(false);
  });

  it.each(['ticket', 'size', 'until'])('needs its %s', async (name) => {
    const url = new URL((await addressOf(checkpointFile(6))).url);
    url.searchParams.delete(name);
    expect((await put(url.href, checkpointFile(6))).status).toBe(403);
    const other = new URL((await addressOf(checkpointFile(7))).url);
    other.pathname = `/v1/uploads/${digestOf(checkpointFile(6))}`;
    expect((await put(other.href, checkpointFile(6))).status).toBe(403);
  });
});
