import { mkdtemp, rm, writeFile, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compareIds,
  crowdOf,
  listedArea,
  jsonText,
  parseJson,
  readJsonArrays,
  toJson,
  unknownId,
  type CocoId,
} from './index.ts';
import { utf8Reader } from './utf8-reader.ts';

describe('parseJson and toJson', () => {
  it('keep whole numbers beyond 2^53 digit by digit, and floats as they are', () => {
    const text =
      '{"id":9007199254740993,"list":[-9223372036854775808,7],"x":224.24000000000001,"e":12345678901234567e3}';
    const parsed = parseJson(text) as Record<string, unknown>;
    expect(parsed).toMatchObject({
      id: 9007199254740993n,
      list: [-9223372036854775808n, 7],
      x: 224.24,
      e: 12345678901234567e3,
    });
    expect(toJson(parsed)).toBe(
      '{"id":9007199254740993,"list":[-9223372036854775808,7],"x":224.24,"e":12345678901234567000}',
    );
  });

  it('leave digits inside of texts alone', () => {
    expect(parseJson('{"file_name":"9007199254740993.jpg","id":1}')).toEqual({
      file_name: '9007199254740993.jpg',
      id: 1,
    });
  });

  it('read ids as pandas writes them, exactly', () => {
    expect(parseJson('[9007199254740993.0, -9007199254740993.00, 7.0]')).toEqual([
      9007199254740993n,
      -9007199254740993n,
      7,
    ]);
  });

  it('pass over a byte order mark', () => {
    expect(parseJson('\uFEFF[1]')).toEqual([1]);
  });
});

describe('readJsonArrays', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'cassl-coco-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['a list', '\uFEFF[{"image_id": 9007199254740993}]', ''],
    [
      'an object of lists',
      '\uFEFF{"images": [{"image_id": 9007199254740993}], "info": {"year": 9007199254740993}}',
      'images',
    ],
  ])('reads %s behind a byte order mark with exact ids', async (_, text, key) => {
    const path = join(folder, 'file.json');
    await writeFile(path, text);
    const seen: unknown[] = [];
    await readJsonArrays(path, { [key]: (elements) => seen.push(...elements) });
    expect(seen).toEqual([{ image_id: 9007199254740993n }]);
  });
});

describe('files in another encoding', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'cassl-encoding-'))));
  afterAll(() => rm(folder, { recursive: true }));

  const text = '[{"name":"Straße"}]';
  const little = Buffer.from(text, 'utf16le');
  const big = Buffer.from(little).swap16();
  const [markLittle, markBig] = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

  it.each<[string, Buffer]>([
    ['UTF-16LE', Buffer.concat([markLittle, little])],
    ['UTF-16BE', Buffer.concat([markBig, big])],
    ['UTF-16LE without a mark', little],
    ['UTF-16BE without a mark', big],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
  ])('are read: %s', async (_, bytes) => {
    const path = join(folder, 'file.json');
    await writeFile(path, bytes);
    const seen: unknown[] = [];
    await readJsonArrays(path, { '': (elements) => seen.push(...elements) });
    expect(seen).toEqual([{ name: 'Straße' }]);
    expect(parseJson(jsonText(bytes, path))).toEqual(seen);
  });

  it('are read piece by piece, characters of four bytes across the pieces too', async () => {
    const path = join(folder, 'long.json');
    const names = Array.from({ length: 300_000 }, (_, index) => ({
      name: `${'x'.repeat(index % 7)}🙂${index}`,
    }));
    await writeFile(path, Buffer.concat([markLittle, Buffer.from(JSON.stringify(names), 'utf16le')]));
    const seen: unknown[] = [];
    await readJsonArrays(path, { '': (elements) => seen.push(...elements) });
    expect(seen).toEqual(names);
  });

  it.each([8, 9, 64])('fill no more than %i bytes at once, the first time too', async (most) => {
    const path = join(folder, 'wide.json');
    const wide = '猫'.repeat(100);
    await writeFile(path, Buffer.concat([markLittle, Buffer.from(wide, 'utf16le')]));
    const file = await open(path);
    try {
      const reader = utf8Reader(file, path);
      const target = Buffer.alloc(most);
      let read = '';
      for (let length; (length = await reader.read(target, 0, most)) > 0;) {
        read += target.toString('utf8', 0, length);
      }
      expect(read).toBe(wide);
    } finally {
      await file.close();
    }
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'UTF-16 that ends inside a character',
      Buffer.concat([markLittle, little, Buffer.from('x')]),
      /breaks off/,
    ],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x5b, 0, 0, 0]), /is UTF-32 text/],
    ['Latin-1', Buffer.from(text, 'latin1'), /not UTF-8 text .*behind ".*Stra"/],
    ['gzip', gzipSync(text), /compressed with gzip/],
    ['nothing but a mark', Buffer.from('\uFEFF'), /it is empty/],
  ])('are refused by what they are: %s', async (_, bytes, reason) => {
    const path = join(folder, 'file.json');
    await writeFile(path, bytes);
    const read = readJsonArrays(path, { '': () => undefined });
    await expect(read).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(reason) as string,
    });
    await expect(read).rejects.toThrow(path);
    expect(() => parseJson(jsonText(bytes, path))).toThrow();
  });
});

describe('ids', () => {
  it('are pooled by value, numbers of any size before texts', () => {
    const ids: CocoId[] = ['b', 9007199254740993n, 2, 'a', 9007199254740992n, 10];
    expect(ids.sort(compareIds)).toEqual([2, 10, 9007199254740992n, 9007199254740993n, 'a', 'b']);
  });

  it('of the other type are called that', () => {
    expect(unknownId('1', new Map<CocoId, number>([[1, 0]]), "the ground truth's images")).toBe(
      `"1" is a text, but the ids of the ground truth's images are numbers`,
    );
    const mixed = new Map<CocoId, number>([
      ['1', 0],
      [2, 1],
    ]);
    expect(unknownId(1, mixed, 'its images')).toBe('1 is a number, but its images have the text "1"');
    expect(unknownId('2', mixed, 'its images')).toBe('"2" is a text, but its images have the number 2');
    expect(unknownId(3, mixed, 'its images')).toBe('3 is none of the ids of its images');
    expect(
      unknownId(9007199254740992n, new Map<CocoId, number>([[9007199254740993n, 0]]), 'its images'),
    ).toBe('9007199254740992 is none of the ids of its images');
  });
});

describe('annotation fields', () => {
  it('take what COCO writes for iscrowd and nothing else', () => {
    expect([0, 1, true, false, null, undefined].map((iscrowd) => crowdOf({ iscrowd }))).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(['0', '1', 2, 0.5, [], {}].map((iscrowd) => crowdOf({ iscrowd }))).toEqual(
      Array(6).fill(undefined),
    );
  });

  it('tell a missing area from one that is no number', () => {
    expect([{}, { area: null }, { area: 0 }, { area: 3.5 }, { area: '3' }].map(listedArea)).toEqual([
      undefined,
      undefined,
      0,
      3.5,
      NaN,
    ]);
  });
});
