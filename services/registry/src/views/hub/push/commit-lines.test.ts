import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitLines, type CommitLine } from './commit-lines.ts';
import { openSpool, type Spool } from './spool.ts';

const KIB = 1_024;
let spool: Spool;
beforeEach(async () => {
  spool = await openSpool(600 * KIB);
});
afterEach(() => spool.remove());

const small = { key: 'file', value: { path: 'a.txt', content: 'YQ==', encoding: 'base64' } };
const text = (...lines: readonly object[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');
const long = (bytes: Uint8Array): object => ({
  key: 'file',
  value: { path: 'model.safetensors', content: Buffer.from(bytes).toString('base64'), encoding: 'base64' },
});

/** What a socket gives at once. */
const PIECE_BYTES = 64 * KIB;

/** Cut where a socket does, and there too. */
async function linesOf(body: string, cuts: readonly number[] = []): Promise<CommitLine[]> {
  const bytes = Buffer.from(body);
  const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE_BYTES) }, (_, i) => i * PIECE_BYTES);
  const all = [...pieces, ...cuts.map((cut) => cut % bytes.length), bytes.length];
  const ends = [...new Set(all)].sort((a, b) => a - b);
  const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  const lines: CommitLine[] = [];
  for await (const line of commitLines(asStream(chunks), spool)) lines.push(line);
  return lines;
}

async function* asStream(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

describe('the lines of a commit', () => {
  it('are the same however the network cuts them', async () => {
    const body = text({ key: 'header', value: { summary: 'ü' } }, small);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1_000), { maxLength: 6 }), async (cuts) => {
        expect((await linesOf(body, cuts)).map(({ key, value }) => ({ key, value }))).toEqual([
          { key: 'header', value: { summary: 'ü' } },
          small,
        ]);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['as a socket cuts them', []],
    ['in odd pieces', [7, 140 * KIB, 140 * KIB + 1, 140 * KIB + 3, 250 * KIB, 399 * KIB]],
  ])('that come %s put a long content on the disk, and go on after it', async (_, cuts) => {
    const bytes = Buffer.alloc(300 * KIB, 'content of weights ');
    const [first, second, third] = await linesOf(text(small, long(bytes), small), cuts);
    expect(first?.content).toBeUndefined();
    expect(third).toMatchObject(small);
    expect(second).toMatchObject({ key: 'file', value: { path: 'model.safetensors', encoding: 'base64' } });
    const { path, sizeBytes, sha256 } = second!.content!;
    expect(await readFile(path)).toEqual(bytes);
    expect({ sizeBytes, sha256 }).toEqual({
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it('may end without a newline, and be empty', async () => {
    expect(await linesOf(`\n\n${JSON.stringify(small)}`)).toMatchObject([small]);
    expect(await linesOf('\n')).toEqual([]);
  });

  it('that break off inside a file are refused', async () => {
    const whole = text(long(Buffer.alloc(300 * KIB)));
    await expect(linesOf(whole.slice(0, 200 * KIB), [150 * KIB])).rejects.toThrow('ends inside a file');
  });

  it('of more than their files may have are refused', async () => {
    await expect(linesOf(text(long(Buffer.alloc(601 * KIB))))).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
  });

  it('whose content is not base64 are refused', async () => {
    const bytes = JSON.stringify(long(Buffer.alloc(300 * KIB))).replace('AAAAAAAA', 'AAAA*AAA');
    await expect(linesOf(bytes)).rejects.toThrow('must be base64');
  });

  it('that are long without a content are refused at 4 MiB', async () => {
    const body = text({ key: 'header', value: { summary: 'x'.repeat(5 * 2 ** 20) } });
    await expect(linesOf(body)).rejects.toThrow(`at most ${4 * 2 ** 20} bytes beside its content`);
  });

  it.each(['1', 'null', '[]', '{"key":1,"value":{}}', '{"key":"a","value":null}', '{"key":"a"}', '{'])(
    'that say %s are refused',
    async (line) => {
      await expect(linesOf(line)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});
