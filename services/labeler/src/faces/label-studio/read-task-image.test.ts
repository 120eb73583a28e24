import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTaskImage, type LabelStudioServer } from './read-task-image.ts';

const MOST = 32 * 2 ** 20;

let http: Server;
let url: string;
let asked: IncomingMessage[];
beforeAll(async () => {
  http = createServer((request, response) => {
    asked.push(request);
    if (request.url === '/data/upload/1/cat.jpg') response.end('cat');
    else if (request.url === '/data/moved.jpg')
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    else if (request.url === '/data/secret.jpg') response.writeHead(403).end();
    else if (request.url === '/data/endless.jpg') {
      const block = Buffer.alloc(2 ** 20);
      const more = (): void => void response.write(block, (error) => (error == null ? more() : undefined));
      more();
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => {
  http.closeAllConnections();
  http.close();
});

const read = async (value: unknown, server: Partial<LabelStudioServer> | undefined = {}): Promise<string> => {
  const bytes = await readTaskImage(value, {
    field: 'tasks[0].data.photo',
    server: server === undefined ? undefined : { url, token: 'top-secret', ...server },
    signal: AbortSignal.timeout(30_000),
  });
  return Buffer.from(bytes).toString();
};
const nowhere = (value: unknown): Promise<Uint8Array> =>
  readTaskImage(value, { field: 'f', server: undefined, signal: AbortSignal.timeout(30_000) });

describe('the image of a task', () => {
  it('may stand in the task', async () => {
    const text = Buffer.from('picture').toString('base64');
    expect(await read(`data:image/png;base64,${text}`)).toBe('picture');
    expect(await read(`data:;base64,${text}`)).toBe('picture');
    expect(asked).toEqual([]);
  });

  it('in the task is no longer than any other', async () => {
    const long = Buffer.alloc(MOST + 1).toString('base64');
    await expect(read(`data:image/png;base64,${long}`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `tasks[0].data.photo must have at most ${MOST} bytes, got ${MOST + 1}`,
    });
  });

  it('is fetched from the Label Studio that the operator named, with its token', async () => {
    expect(await read('/data/upload/1/cat.jpg')).toBe('cat');
    expect(await read(`${url}/data/upload/1/cat.jpg`)).toBe('cat');
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([
      'Token top-secret',
      'Token top-secret',
    ]);
    await read('/data/upload/1/cat.jpg', { token: undefined });
    expect(asked.at(-1)?.headers.authorization).toBeUndefined();
  });

  it('takes no token anywhere else', async () => {
    for (const value of [
      'http://127.0.0.1:1/data/a.jpg',
      '//127.0.0.1:1/data/a.jpg',
      'http://169.254.169.254/',
    ])
      await expect(read(value)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(read('/data/moved.jpg')).rejects.toThrow(/Label Studio answered 302/);
    expect(asked.map((request) => request.url)).toEqual(['/data/moved.jpg']);
  });

  it.each([
    ['/data/none.jpg', 'NOT_FOUND', /photo: http.*none\.jpg is not there/],
    ['/data/secret.jpg', 'INVALID_ARGUMENT', /Label Studio answered 403/],
    ['/data/endless.jpg', 'INVALID_ARGUMENT', /must have at most 33554432 bytes/],
  ])('%s is named with the reason: %s', async (value, code, message) => {
    await expect(read(value)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('of a Label Studio that is away is UNAVAILABLE, without the token in the words', async () => {
    const answer = read('/data/upload/1/cat.jpg', { url: 'http://127.0.0.1:1' });
    await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(answer).rejects.not.toThrow(/top-secret/);
  });

  it('may lie where requests may read', async () => {
    const home = await mkdtemp(join(tmpdir(), 'cassl-task-'));
    await writeFile(join(home, 'a.jpg'), 'file');
    expect(await read(pathToFileURL(join(home, 'a.jpg')).href)).toBe('file');
    await rm(home, { recursive: true });
  });

  it('of an unnamed Label Studio says what to set', async () => {
    await expect(nowhere('/data/upload/1/cat.jpg')).rejects.toThrow(
      /CASSL_LABEL_STUDIO_URL must say where that is/,
    );
  });

  it.each([undefined, null, '', 7, { url: 'x' }, ['a']])('is no %j', async (value) => {
    await expect(nowhere(value)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('f must be the address of an image') as string,
    });
  });
});
