import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Image } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageKey, readImageSource } from './read-image-source.ts';
import { timeLeftMs } from './time-left.ts';

const MOST = 32 * 2 ** 20;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-image-'));
  await writeFile(join(home, 'a photo.jpg'), 'photo');
  await writeFile(join(home, 'empty.jpg'), '');
  await writeFile(join(home, 'huge.jpg'), '');
  await truncate(join(home, 'huge.jpg'), MOST + 1);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const encoded = (value: Uint8Array, key = ''): Image => ({
  key,
  source: { $case: 'encoded', value: Buffer.from(value) },
});
const at = (value: string, key = ''): Image => ({ key, source: { $case: 'uri', value } });
const fileAt = (name: string): Image => at(pathToFileURL(join(home, name)).href);

describe('the bytes of an image', () => {
  it('stand in the request, or where it says', async () => {
    expect(Buffer.from(await readImageSource(encoded(Buffer.from('bytes')))).toString()).toBe('bytes');
    expect(Buffer.from(await readImageSource(fileAt('a photo.jpg'))).toString()).toBe('photo');
  });

  it.each<[string, () => Image | undefined, string, RegExp]>([
    ['no image', () => undefined, 'INVALID_ARGUMENT', /image is missing: give image\.encoded or image\.uri/],
    ['no source', () => ({ key: 'a', source: undefined }), 'INVALID_ARGUMENT', /image is missing/],
    ['no bytes', () => encoded(new Uint8Array(0)), 'INVALID_ARGUMENT', /image has no bytes/],
    ['an empty file', () => fileAt('empty.jpg'), 'INVALID_ARGUMENT', /image has no bytes/],
    [
      'too many bytes',
      () => encoded(new Uint8Array(MOST + 1)),
      'INVALID_ARGUMENT',
      /image must have at most 33554432 bytes, got 33554433/,
    ],
    ['a file of too many bytes', () => fileAt('huge.jpg'), 'INVALID_ARGUMENT', /33554432/],
    [
      'a key that is a book',
      () => encoded(Buffer.of(1), 'ü'.repeat(513)),
      'INVALID_ARGUMENT',
      /image\.key must have at most 1024 bytes, got 1026/,
    ],
    ['a file that is not there', () => fileAt('none.jpg'), 'NOT_FOUND', /none\.jpg/],
    ['a folder', () => at(pathToFileURL(home).href), 'NOT_FOUND', /image\.uri|cassl-image-/],
    ['a web address', () => at('http://example.com/a.jpg'), 'INVALID_ARGUMENT', /image\.uri/],
  ])('with %s are refused', async (_, image, code, message) => {
    await expect(readImageSource(image())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('the name of an answer', () => {
  it('is the key, else the address, else the place in the stream', () => {
    expect(imageKey(at('file:///a.jpg', 'mine'), 3)).toBe('mine');
    expect(imageKey(at('file:///a.jpg'), 3)).toBe('file:///a.jpg');
    expect(imageKey(encoded(Buffer.of(1)), 3)).toBe('3');
    expect(imageKey(undefined, 3)).toBe('3');
  });
});

describe('the time that a caller waits', () => {
  it('is what is left of it, or without end', () => {
    expect(timeLeftMs(Infinity)).toBe(Infinity);
    expect(timeLeftMs(Date.now() + 60_000)).toBeGreaterThan(30_000);
  });

  it('that has passed is DEADLINE_EXCEEDED before any work', () => {
    expect(() => timeLeftMs(Date.now() - 1)).toThrow(
      expect.objectContaining({
        code: 'DEADLINE_EXCEEDED',
        message: expect.stringContaining('deadline') as string,
      }),
    );
  });
});
