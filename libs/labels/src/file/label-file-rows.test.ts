import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect, failure, two } from '../test-labels.ts';
import { decodeRows } from './label-file.ts';
import { readLabelFileRows, type LabelFileRows } from './label-file-rows.ts';
import { rowOf } from './label-record.ts';

/** In pieces, as a store gives them. */
async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

const readText = (text: string): Promise<LabelFileRows> => readLabelFileRows(pieces(gzipSync(text)), 'x');
const [good = '', failed] = [rowOf(two[0]!), rowOf(failure('ü.jpg'))].map((row) => JSON.stringify(row));

describe('the rows of a label file in memory', () => {
  it('are those of its stream, in any order', async () => {
    const bytes = await bytesOf(two);
    const rows = await readLabelFileRows(pieces(bytes));
    const streamed = await collect(decodeRows(bytes));
    expect(rows.count).toBe(2);
    expect([rows.row(1), rows.row(0)]).toEqual([streamed[1], streamed[0]]);
  });

  it.each([
    ['', 0],
    [`${good}\n`, 1],
    [`${good}\n${failed}\n`, 2],
    [`${good}\n${failed}`, 2],
  ])('are counted by their lines, whether the last one ends or not', async (text, count) => {
    const rows = await readText(text);
    expect(rows.count).toBe(count);
    expect(rows.bytes).toBe(Buffer.byteLength(text));
    if (count === 2) expect(rows.row(1)).toMatchObject({ key: 'ü.jpg' });
    for (const index of [-1, count]) expect(() => rows.row(index)).toThrow(RangeError);
  });

  it('are all there where the file says less of its size than is true', async () => {
    // Of two gzip files in one the end tells the size of the second.
    const many = `${good}\n`.repeat(300);
    const bytes = Buffer.concat([gzipSync(many), gzipSync(`${failed}\n`)]);
    const rows = await readLabelFileRows(pieces(bytes, 100), 'x');
    expect([rows.count, rows.bytes]).toEqual([301, Buffer.byteLength(`${many}${failed}\n`)]);
    expect(rows.row(300)).toMatchObject({ key: 'ü.jpg' });
  });

  it('name the line and the field that is wrong, and leave the others to be read', async () => {
    const rows = await readText(`${good}\n${good.replace('0.9', '9')}\n{"key":\n`);
    expect(rows.row(0)).toMatchObject({ key: 'a.jpg' });
    expect(() => rows.row(1)).toThrow(/^x, line 2: .*instances\.0\.score/);
    expect(() => rows.row(2)).toThrow(/^x, line 3: .*not JSON/);
  });

  it('are refused of a file that is cut off or no gzip', async () => {
    const cut = gzipSync(good).subarray(0, 60);
    await expect(readLabelFileRows(pieces(cut), 'x')).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringMatching(/^x: is cut off or damaged: /) as string,
    });
    await expect(readLabelFileRows(pieces(Buffer.from('plain text')), 'x')).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: 'x: is no gzip file',
    });
  });

  it('are refused of a file that holds more than any should, before it fills the memory', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    await expect(readLabelFileRows(pieces(bomb), 'x', 999_999)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^x: holds more bytes than a label file may have/) as string,
    });
  });
});
