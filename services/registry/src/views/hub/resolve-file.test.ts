import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { float32Tensor } from '@cassl/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from '../start-views.fixture.ts';

let views: TestViews;
let digest: string;

beforeAll(async () => {
  views = await startViews();
  const tensor = float32Tensor([64], new Float32Array(64).fill(2));
  ({ digest } = await views.publish(new Map([['backbone.bottom_up.bn1.weight', tensor]]), {
    aliases: ['team/net'],
  }));
  const file = (path: string, text: string): object => ({
    key: 'file',
    value: { path, content: Buffer.from(text).toString('base64'), encoding: 'base64' },
  });
  const lines = [
    { key: 'header', value: { summary: 'files' } },
    file('notes/a.txt', 'first note'),
    file('b.json', '{}'),
  ];
  const commit = await views.get('/api/models/team/net/commit/main', {
    method: 'POST',
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  });
  expect(commit.status).toBe(200);
});
afterAll(() => views.stop());

const resolve = (path: string, init?: RequestInit): Promise<Response> =>
  views.get(`/team/net/resolve/main/${path}`, init);

describe('a file beside the weights', () => {
  it('comes with its commit, git’s name of it, and in ranges', async () => {
    const whole = await resolve('notes/a.txt');
    expect(await whole.text()).toBe('first note');
    expect(whole.headers.get('x-repo-commit')).toMatch(/^[0-9a-f]{40}$/);
    expect(whole.headers.get('content-type')).toContain('text/plain');
    // `printf 'first note' | git hash-object --stdin`
    expect(whole.headers.get('etag')).toBe('"153f3b60ad4017bcbbe27a1e3cc8d9d2fe74709c"');
    const part = await resolve('notes/a.txt', { headers: { range: 'bytes=6-9' } });
    expect({ status: part.status, text: await part.text() }).toEqual({ status: 206, text: 'note' });
    const head = await resolve('b.json', { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('2');
  });

  it.each(['constructor', '__proto__', 'toString', 'notes', 'notes/', 'a.txt', 'notes/a.txt/b'])(
    'that is not there is no entry, also by the name %s',
    async (path) => {
      const answer = await resolve(path);
      expect({ status: answer.status, code: answer.headers.get('x-error-code') }).toEqual({
        status: 404,
        code: 'EntryNotFound',
      });
    },
  );

  it('is served while the weights are damaged, which are not', async () => {
    const path = join(views.folder, 'data/blobs/sha256', digest.slice(0, 2), digest);
    const file = await open(path, 'r+');
    await file.write(Buffer.from([0xff]), 0, 1, (await file.stat()).size - 1);
    await file.close();
    expect((await resolve('model.safetensors')).status).toBeGreaterThanOrEqual(500);
    expect(await (await resolve('notes/a.txt')).text()).toBe('first note');
  });
});
