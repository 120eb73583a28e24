import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '@cassl/storage';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { createBatches } from './batches/create-batches.ts';
import { openCocoDataset } from './coco/open-coco-dataset.ts';
import { shardRange } from './pool/manifest-format.ts';
import { openImagePool } from './pool/open-image-pool.ts';
import { readShardEntries } from './pool/read-manifest.ts';
import { readShard } from './pool/read-shard.ts';
import { writeManifest } from './pool/write-manifest.ts';
import { generateScenes } from './scenes/generate-scenes.ts';

describe.skipIf(!hasS3())('a data set in an object store (needs S3_TEST_ENDPOINT or moto)', () => {
  let root: string;
  let server: TestS3;
  const bucket = `cassl-datasets-${process.pid}`;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cassl-s3-'));
    await generateScenes({ out: root, labeled: 3, unlabeled: 2, val: 0, size: 48 });
    server = await startS3();
    process.env.S3_ENDPOINT = server.endpoint;
    await server.makeBucket(bucket);
    const store = openStore(`s3://${bucket}`);
    for (const name of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const path = join(name.parentPath, name.name);
      await store.put(path.slice(root.length + 1), await readFile(path));
    }
  }, 90_000);
  afterAll(async () => {
    await server.stop();
    await rm(root, { recursive: true, force: true });
  });

  const s3 = (path: string): string => `s3://${bucket}/${path}`;

  it('opens and trains like the one on disk', async () => {
    for (const kind of ['instances', 'panoptic'] as const) {
      const file = `annotations/${kind}_train2017.json`;
      const remote = await openCocoDataset({ annotations: s3(file), images: s3('train2017'), kind });
      const local = await openCocoDataset({
        annotations: join(root, file),
        images: join(root, 'train2017'),
        kind,
      });
      expect(remote.digest).toBe(local.digest);
      const [first, second] = [remote, local].map((dataset) =>
        createBatches({ dataset, batchSize: 3, augment: 'jitter', size: 48, seed: 0 }),
      );
      expect(await first!.at(0)).toEqual(await second!.at(0));
    }
  });

  it('is read as a pool', async () => {
    const pool = await openImagePool(s3('unlabeled2017'));
    for await (const shard of pool.shards({ imagesPerShard: 8 })) {
      expect(shard.entries).toHaveLength(2);
      for await (const image of readShard(shard)) {
        expect(image.error).toBeUndefined();
        if (image.error !== undefined) continue;
        expect(Buffer.from(image.bytes)).toEqual(await readFile(join(root, 'unlabeled2017', image.key)));
      }
    }
  });

  it('is listed into a manifest and read under keys of odd characters', async () => {
    const names = ['a b+c.jpg', 'd%20e.jpg', 'f#g?h=&i.jpg', `j"k'l.jpg`, 'é\u0301/😀.jpg', 'm..o/n. .jpg'];
    const store = openStore(`s3://${bucket}`);
    for (const name of names) await store.put(`odd/${name}`, Buffer.from(`bytes of ${name}`));
    const { manifest } = await writeManifest(openStore(join(root, 'manifest')), {
      uri: s3('odd'),
      imagesPerShard: 10,
    });
    const entries = await readShardEntries(
      openStore(join(root, 'manifest')),
      s3('odd'),
      shardRange(manifest, 0),
    );
    const read: string[] = [];
    for await (const image of readShard({ entries })) {
      expect(image.error).toBeUndefined();
      if (image.error === undefined) read.push(Buffer.from(image.bytes).toString());
    }
    expect(read.sort()).toEqual(names.map((name) => `bytes of ${name}`).sort());
  });

  it('without an image is an error that says what there is', async () => {
    await openStore(`s3://${bucket}`).put('bare/notes.txt', Buffer.from('x'));
    for (const [prefix, said] of [
      ['bare', 'notes.txt'],
      ['nothing-here', 'holds no image'],
    ] as const) {
      const writing = writeManifest(openStore(join(root, `no-${prefix}`)), {
        uri: s3(prefix),
        imagesPerShard: 10,
      });
      await expect(writing).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining(said),
      });
    }
  });

  it('names a missing annotation file', async () => {
    const opening = openCocoDataset({ annotations: s3('annotations/no.json'), images: s3('train2017') });
    await expect(opening).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
