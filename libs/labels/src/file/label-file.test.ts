import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, collect, two } from '../test-labels.ts';
import { decodeLabelFile } from './label-file.ts';
import { rowOf } from './label-record.ts';
import { readLabelFiles } from './read-label-files.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-labels-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('label files', () => {
  it('give back what was written, and the same bytes for the same records', async () => {
    const bytes = await bytesOf(two);
    expect(await collect(decodeLabelFile(bytes))).toEqual(two);
    expect(await bytesOf(two)).toEqual(bytes);
    expect(bytes[0]).toBe(0x1f);
  });

  it('are read with a byte order mark in front, and in the middle of two joined ones', async () => {
    const { gzipSync } = await import('node:zlib');
    const files = two.map((record) => gzipSync(`\ufeff${JSON.stringify(rowOf(record))}\n`));
    expect(await collect(decodeLabelFile(Buffer.concat(files)))).toEqual(two);
  });

  it('are read from paths and file addresses, one after the other', async () => {
    const [a, b] = [join(root, 'a b.jsonl.gz'), join(root, 'b.jsonl.gz')];
    await writeFile(a, await bytesOf([two[0]!]));
    await writeFile(b, await bytesOf([two[1]!]));
    expect(await collect(readLabelFiles([a, `file://${b}`]))).toEqual(two);
  });

  it('name the file, the line and the field that is wrong', async () => {
    const good = JSON.stringify(rowOf(two[0]!));
    const { gzipSync } = await import('node:zlib');
    const read = (text: string): Promise<unknown> => collect(decodeLabelFile(gzipSync(text), 'x.jsonl.gz'));
    await expect(read(`${good}\n${good.replace('0.9', '9')}\n`)).rejects.toThrow(
      /x\.jsonl\.gz, line 2: .*instances\.0\.score/,
    );
    await expect(read('{"key":')).rejects.toThrow(/line 1: .*not JSON/);
    await expect(read(good.replace('"width":20', '"width":7'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(collect(decodeLabelFile(gzipSync(good).subarray(0, 60), 'x'))).rejects.toMatchObject({
      code: 'DATA_LOSS',
    });
    await expect(collect(decodeLabelFile(Buffer.from('plain text'), 'x'))).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: 'x: is no gzip file',
    });
  });
});
