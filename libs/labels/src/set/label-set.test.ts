import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@cassl/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, failure, header, record, detection } from '../test-labels.ts';
import { labelFileKey } from './label-set-keys.ts';
import { readFacts, writeFacts } from './label-set-facts.ts';
import type { LabelFileEntry } from './label-set-format.ts';
import { openLabelSet } from './open-label-set.ts';
import { readLabels } from './read-labels.ts';
import { writeLabelFile } from './write-label-file.ts';
import { writeLabelSet } from './write-label-set.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-label-set-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const shards = [
  [record('a.jpg', [detection(0.9, [1, 2, 9, 8]), detection(0.4, [5, 2, 15, 8])]), record('b.jpg', [])],
  [record('d.jpg', [detection(0.3, [0, 0, 4, 4])]), failure('c.jpg')],
];

async function write(folder: string): Promise<{ address: string; digest: string; files: LabelFileEntry[] }> {
  const store = openStore(join(root, folder));
  const files: LabelFileEntry[] = [];
  for (const images of shards) files.push(await writeLabelFile(store, images));
  return { ...(await writeLabelSet(store, header(), files)), files };
}

describe('a label set', () => {
  it('is read as it was written, under a digest that its folder does not change', async () => {
    const [here, there] = [await write('one'), await write('two')];
    expect(there.digest).toBe(here.digest);
    const set = await openLabelSet(here.address);
    expect(set).toMatchObject({ digest: here.digest, header: header() });
    expect(await collect(set.files())).toEqual(here.files);
    expect((await collect(set.rows())).map(({ key }) => key)).toEqual(['a.jpg', 'b.jpg', 'd.jpg', 'c.jpg']);
    expect(set.totals).toEqual({ files: 2, images: 4, labeled: 2, empty: 1, failed: 1, labels: 3 });
  });

  it('gives single rows of a file, with the labels above its threshold', async () => {
    const { files } = await write('one');
    const store = openStore(join(root, 'one'));
    const stricter = await writeLabelSet(store, { ...header(), threshold: 0.5 }, files);
    const set = await openLabelSet(stricter.address);
    const rows = await set.readFile(files[0]!);
    expect(rows.count).toBe(2);
    expect(rows.row(1)).toMatchObject({ key: 'b.jpg', instances: [] });
    expect(rows.row(0)).toEqual((await collect(set.rowsOf(files[0]!)))[0]);
    expect(rows.row(0)).toMatchObject({ instances: [{ score: 0.9 }] });
    await expect(set.readFile({ digest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('is read like its label files, without the images that failed', async () => {
    const { address, files } = await write('one');
    const [first = ''] = files.map(({ digest }) => join(root, 'one', labelFileKey(digest)));
    const records = await collect(readLabels([address, first]));
    expect(records.map(({ key }) => key)).toEqual(['a.jpg', 'b.jpg', 'd.jpg', 'a.jpg', 'b.jpg']);
  });

  it('counts scores by hundredths, of labels and of best labels', async () => {
    const { files } = await write('one');
    expect(files[0]).toMatchObject({ keys: ['a.jpg', 'b.jpg'], images: 2, labeled: 1, empty: 1, labels: 2 });
    expect(files[1]).toMatchObject({ keys: ['c.jpg', 'd.jpg'], failed: 1 });
    expect(files[0]!.scores[39]).toBe(1);
    expect(files[0]!.scores[89]).toBe(1);
    expect(files[0]!.best.reduce((sum, count) => sum + count)).toBe(1);
  });

  it('has the same digest in whatever order its options were given', async () => {
    const store = openStore(join(root, 'order'));
    const [one, other] = [
      { a: 1, b: true },
      { b: true, a: 1 },
    ].map((options) => header({ options }));
    expect((await writeLabelSet(store, one!, [])).digest).toBe(
      (await writeLabelSet(store, other!, [])).digest,
    );
  });

  it('refuses an index or a label file whose bytes were changed, cut off or are gone', async () => {
    const { address, files } = await write('bad');
    const text = await readFile(address, 'utf8');
    await writeFile(address, text.replace('"failed":1', '"failed":2'));
    await expect(openLabelSet(address)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringMatching(
        /^label set file:.*\/bad\/.*\.labelset\.jsonl was changed or cut off: /,
      ) as string,
    });
    const renamed = join(root, 'bad', 'mine.jsonl');
    await writeFile(renamed, text.slice(0, text.lastIndexOf('{"totals"')));
    await expect(openLabelSet(renamed)).rejects.toThrow(/mine\.jsonl: is cut off/);
    await writeFile(renamed, text);
    const set = await openLabelSet(renamed);
    const [file, other] = files.map(({ digest }) => join(root, 'bad', `${digest.slice(7)}.jsonl.gz`));
    await writeFile(file!, await readFile(other!));
    const inFile = expect.stringMatching(/^file:.*\/bad\/[0-9a-f]{64}\.jsonl\.gz(, line \d+)?: /) as string;
    await expect(collect(set.rows())).rejects.toMatchObject({ code: 'DATA_LOSS', message: inFile });
    await rm(file!);
    await expect(collect(set.rows())).rejects.toMatchObject({ code: 'NOT_FOUND', message: inFile });
    await expect(openLabelSet(join(root, 'bad', 'no.jsonl'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^label set file:.*\/bad\/no\.jsonl does not exist/) as string,
    });
  });

  it('names the field that makes no sense', async () => {
    const store = openStore(join(root, 'odd'));
    const wrong = header({ manifest: 'md5:1' });
    await expect(writeLabelSet(store, wrong, [])).rejects.toThrow(/header\.sources\.0\.manifest.*sha256/);
    const { files } = await write('odd');
    for (const scores of [[0.5], [-1], ['1'], [null], { 0: 1 }]) {
      const odd = { ...files[0]!, scores: scores as number[] };
      await expect(writeLabelSet(store, header(), [odd])).rejects.toThrow(
        /file\.scores: must be whole numbers/,
      );
    }
    const [source] = header().sources;
    const many = { ...header(), sources: Array<NonNullable<typeof source>>(1025).fill(source!) };
    await expect(writeLabelSet(store, many, [])).rejects.toThrow(/header\.sources: must be at most 1024/);
  });

  it('keeps facts of time and cost beside it', async () => {
    const { digest } = await write('one');
    const store = openStore(join(root, 'one'));
    expect(await readFacts(store, digest)).toBeUndefined();
    const facts = { madeBy: 'labeling x', gpuSeconds: 12.5, gpuSecondsPer1000Images: 3125 };
    await writeFacts(store, digest, facts);
    expect(await readFacts(store, digest)).toEqual(facts);
  });
});
