import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  openLabelSet,
  writeExport,
  writeLabelFile,
  writeLabelSet,
  type LabelRecord,
  type LabelSource,
} from '@cassl/labels';
import { LabelSetServiceDefinition } from '@cassl/proto';
import { createClient, createLogger, serve, type RunningServer } from '@cassl/rpc';
import { openStore } from '@cassl/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelSetService } from './service.ts';

let root: string;
let server: RunningServer;
let client: ReturnType<typeof createClient<typeof LabelSetServiceDefinition>>;
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-label-service-'));
  const logger = createLogger({ name: 'test', level: 'silent' });
  server = await serve({
    name: 'labeler',
    services: [labelSetService()],
    host: '127.0.0.1',
    port: 0,
    logger,
  });
  client = createClient(LabelSetServiceDefinition, `127.0.0.1:${server.port}`);
});
afterAll(async () => {
  client.close();
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

async function make(teacher: string, keys: readonly string[]): Promise<string> {
  const store = openStore(pathToFileURL(join(root, 'labels')).href);
  const images = keys.map((key, at): LabelRecord => ({
    key,
    digest: digest('0'),
    location: { store: 'file:///pool', key },
    width: 20,
    height: 10,
    detections: [{ box: [1, 1, 5, 5], score: 0.2 + at / 2, category: 0 }],
    checkpoint: digest(teacher),
    threshold: 0.05,
  }));
  const files = [];
  for (const image of images) files.push(await writeLabelFile(store, [image], { threshold: 0.05 }));
  const source: LabelSource = {
    manifest: digest('f'),
    teacher: { digest: digest(teacher), kind: 'checkpoint', prompts: [], licence: 'MIT' },
    options: {},
    scoreFloor: 0.05,
  };
  return (await writeLabelSet(store, { threshold: 0.05, sources: [source] }, files)).address;
}

describe('LabelSetService', () => {
  it('reads, pages, rethresholds, merges, removes and compares label sets', async () => {
    const [a, b] = [await make('a', ['1.jpg', '2.jpg']), await make('b', ['3.jpg'])];
    const { labelSet } = await client.getLabelSet({ address: a });
    expect(labelSet).toMatchObject({ images: 2, labelCount: 2, sources: [{ teacher: { licence: 'MIT' } }] });
    const page = await client.listLabelSetFiles({ address: a, pageSize: 1 });
    const last = await client.listLabelSetFiles({ address: a, pageSize: 1, pageToken: page.nextPageToken });
    expect([page.files.length, last.files.length, last.nextPageToken]).toEqual([1, 1, '']);
    const high = await client.changeThreshold({ address: a, threshold: 0.5 });
    expect(high.labelSet).toMatchObject({ labelCount: 1, emptyImages: 1 });
    const merged = await client.mergeLabelSets({ addresses: [a, b] });
    expect(merged.labelSet?.images).toBe(3);
    const address = merged.labelSet?.address ?? '';
    const without = await client.removeTeacher({ address, teacherDigest: digest('b') });
    expect(without.labelSet?.digest).toBe(labelSet?.digest);
    expect(await client.compareLabelSets({ first: a, second: address })).toMatchObject({
      sharedImages: 2,
      onlySecond: 1,
      meanIou: 1,
    });
    expect((await openLabelSet(address)).totals.images).toBe(3);
  });

  it('streams an export that can be written as it comes', async () => {
    const parts = client.exportLabelSet(
      { address: await make('a', ['1.jpg']), format: 'coco' },
      { deadlineMs: 30_000 },
    );
    async function* pieces(): AsyncGenerator<{ path: string; text: string }, void> {
      for await (const { path, part } of parts) if (part?.$case === 'text') yield { path, text: part.value };
    }
    await writeExport(pieces(), join(root, 'out'));
    const { annotations } = JSON.parse(await readFile(join(root, 'out/instances.json'), 'utf8')) as {
      annotations: unknown[];
    };
    expect(annotations).toHaveLength(1);
  });

  it.each([
    ['/x', /^address must be a file:\/\/ or s3:\/\/ address, got "\/x"/],
    ['../../x', /^address must be a file:\/\/ or s3:\/\/ address/],
    ['', /^address must be/],
    ['s3://bucket', /^address: label set must name an object, got "s3:\/\/bucket"/],
    ['file:///gone-for-ever', /^address: label set file:\/\/\/gone-for-ever does not exist/],
    ['file:///gone.labelset.jsonl', /^address: label set file:\/\/\/gone\.labelset\.jsonl does not exist/],
  ])('says what is wrong with the address %j, by its field', async (address, message) => {
    await expect(client.getLabelSet({ address })).rejects.toThrow(message);
    await expect(client.mergeLabelSets({ addresses: [address, address] })).rejects.toThrow(/^addresses\[0\]/);
    await expect(client.compareLabelSets({ first: address, second: address })).rejects.toThrow(
      /^(first|second)/,
    );
  });

  it('reads a set that was renamed to a name with odd characters', async () => {
    const address = await make('a', ['1.jpg']);
    const renamed = join(root, 'labels', 'best 100% of #1.labelset.jsonl');
    await copyFile(fileURLToPath(address), renamed);
    const { labelSet } = await client.getLabelSet({ address: pathToFileURL(renamed).href });
    expect(labelSet).toMatchObject({ images: 1, address: pathToFileURL(renamed).href });
  });

  it('names what is wrong with a call', async () => {
    const address = await make('a', ['1.jpg']);
    await expect(client.changeThreshold({ address, threshold: 0.01 })).rejects.toThrow(
      /\[0\.05, 1\), got 0\.01/,
    );
    for (const addresses of [[], [address]])
      await expect(client.mergeLabelSets({ addresses })).rejects.toThrow(
        `MergeLabelSetsRequest.addresses must be at least 2, got ${addresses.length}`,
      );
    await expect(client.mergeLabelSets({ addresses: Array<string>(65).fill(address) })).rejects.toMatchObject(
      {
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(
          'MergeLabelSetsRequest.addresses must be at most 64, got 65',
        ) as string,
      },
    );
    await expect(client.removeTeacher({ address, teacherDigest: 'x' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(client.listLabelSetFiles({ address, pageToken: '-1' })).rejects.toThrow(/page_token/);
    await expect(client.chooseThreshold({ address, precision: 0.9 })).rejects.toThrow(/held_out is missing/);
    const gone = address.replace(/[0-9a-f]{64}/, '0'.repeat(64));
    await expect(client.getLabelSet({ address: gone })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
