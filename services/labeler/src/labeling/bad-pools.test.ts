import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTeacher } from '@cassl/inference/teachers';
import { openLabelSet } from '@cassl/labels';
import { JobState, Teacher, type Labeling, type LabelingSpec } from '@cassl/proto';
import { openStore } from '@cassl/storage';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { encodeJpeg } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../faces/open-inference/serve-no-op.fixture.ts';
import { labelShard } from './label-shard.ts';
import { openTestLabeling, type TestLabeling } from './labeling.fixture.ts';

const IMAGES = 40;
const { JOB_STATE_FAILED, JOB_STATE_SUCCEEDED } = JobState;

let server: TestServer;
let test: TestLabeling;
let jpeg: Buffer;
beforeAll(async () => {
  server = await serveNoOp();
  test = await openTestLabeling({ teacherEndpoints: [`127.0.0.1:${server.server.port}`] });
  jpeg = Buffer.from(await encodeJpeg({ width: 32, height: 24, data: new Uint8Array(32 * 24 * 3).fill(90) }));
});
afterAll(async () => {
  await test.close();
  await server.stop();
});

const keyOf = (index: number): string => `${String(index).padStart(3, '0')}.jpg`;

/** A folder of real photos. */
async function photos(name: string): Promise<{ readonly folder: string; readonly uri: string }> {
  const folder = join(test.home, name);
  await mkdir(folder);
  for (let index = 0; index < IMAGES; index++) await writeFile(join(folder, keyOf(index)), jpeg);
  return { folder, uri: pathToFileURL(folder).href };
}

/** Labeled from pool to label set as workers do it, by a teacher that computes nothing; `listed` is called before the first shard. */
async function label(
  id: string,
  uri: string,
  changes: Partial<LabelingSpec> = {},
  listed: () => Promise<void> = () => Promise.resolve(),
): Promise<Labeling> {
  const value = { address: `127.0.0.1:${server.server.port}`, model: 'm' };
  const teacher = Teacher.fromPartial({ source: { $case: 'endpoint', value } });
  await test.labelings.start(id, test.spec(uri, { checkpoint: '', teacher, ...changes }));
  await test.until(id, ({ shardCount, status }) => shardCount > 0 || status?.error !== undefined);
  await listed();
  const stop = test.work(async (shard, entries, signal) => {
    const model = await openTeacher(shard.teacher!);
    try {
      const { checkpointDigest: digest, threshold, maxDetections, nonOverlap } = shard;
      const options = { threshold, maxDetections, nonOverlap, masks: true };
      return await labelShard({ digest, model }, { entries, options }, signal);
    } finally {
      model.dispose();
    }
  });
  const job = await test.ended(id, 60_000);
  await stop();
  return job;
}

/** What became of each image: its failure, or the number of its labels. */
async function outcomes(job: Labeling): Promise<Map<string, string | number>> {
  const found = new Map<string, string | number>();
  for await (const row of (await openLabelSet(job.labelSetUri)).rows()) {
    expect(found.has(row.key)).toBe(false);
    found.set(row.key, 'failure' in row ? row.failure.code : row.instances.length);
  }
  return found;
}

describe('a pool of which a tenth is damaged', () => {
  const CUT = [3, 17];
  const TEXT = 21;
  const EMPTY = 38;
  const damaged = async (name: string): Promise<string> => {
    const { folder, uri } = await photos(name);
    for (const index of CUT) await truncate(join(folder, keyOf(index)), 200);
    await writeFile(join(folder, keyOf(TEXT)), 'no photo at all');
    await truncate(join(folder, keyOf(EMPTY)), 0);
    return uri;
  };
  const BAD = [...CUT, TEXT, EMPTY].map(keyOf);

  it('is labeled where so many may fail: each image is a row, the bad ones with their reason', async () => {
    const job = await label('tenth', await damaged('tenth'), { maxFailureRate: 0.1 });
    expect(job.status?.state).toBe(JOB_STATE_SUCCEEDED);
    expect(job).toMatchObject({ labeledImages: IMAGES - 4, failedImages: 4 });
    expect(job.failures.map(({ key }) => key).sort()).toEqual(BAD);
    const rows = await outcomes(job);
    expect(rows.size).toBe(IMAGES);
    expect([...rows].filter(([, what]) => what !== 1)).toEqual(BAD.map((key) => [key, 'INVALID_ARGUMENT']));
  });

  it('fails the job where fewer may fail, and names images and the limit', async () => {
    const job = await label('strict', await damaged('strict'), { maxFailureRate: 0.05 });
    expect(job.status?.state).toBe(JOB_STATE_FAILED);
    expect(job.status!.error!.message).toMatch(
      /of 40 images could not be labeled, LabelingSpec\.max_failure_rate 0\.05\d* allows 2: 0\d\d\.jpg[ ,(]/,
    );
    expect(job.labelSetUri).toBe('');
  });
});

describe('a pool that changes between its listing and its labeling', () => {
  it('loses nothing in silence: what is gone or was changed is a failure, what came later is not in the job', async () => {
    const { folder, uri } = await photos('changed');
    const job = await label('changes', uri, { maxFailureRate: 1 }, async () => {
      await rm(join(folder, keyOf(5)));
      await writeFile(join(folder, keyOf(6)), Buffer.concat([jpeg, Buffer.of(0)]));
      await writeFile(join(folder, keyOf(IMAGES)), jpeg);
    });
    expect(job.status?.state).toBe(JOB_STATE_SUCCEEDED);
    const rows = await outcomes(job);
    expect([...rows.keys()]).toEqual(Array.from({ length: IMAGES }, (_, index) => keyOf(index)));
    expect([...rows].filter(([, what]) => what !== 1)).toEqual([
      [keyOf(5), 'NOT_FOUND'],
      [keyOf(6), 'FAILED_PRECONDITION'],
    ]);
  });
});

describe.skipIf(!hasS3())('a pool in a bucket (needs S3_TEST_ENDPOINT or moto)', () => {
  const bucket = `cassl-bad-pools-${process.pid}`;
  let s3: TestS3;
  const endpoint = process.env['S3_ENDPOINT'];
  beforeAll(async () => {
    s3 = await startS3();
    process.env['S3_ENDPOINT'] = s3.endpoint;
    await s3.makeBucket(bucket);
  }, 150_000);
  afterAll(async () => {
    if (endpoint === undefined) delete process.env['S3_ENDPOINT'];
    else process.env['S3_ENDPOINT'] = endpoint;
    await s3.stop();
  });

  it('is labeled under keys of odd characters', async () => {
    const keys = ['a b+c.jpg', 'd%20e.jpg', 'f#g?h=&i.jpg', `j"k'l<m>.jpg`, 'é\u0301/😀.jpg', 'n..o/p. .jpg'];
    const store = openStore(`s3://${bucket}`);
    for (const key of keys) await store.put(`odd/${key}`, jpeg);
    const job = await label('odd', `s3://${bucket}/odd`);
    expect(job.status?.state).toBe(JOB_STATE_SUCCEEDED);
    expect(await outcomes(job)).toEqual(new Map([...keys].sort().map((key) => [key, 1])));
  });

  it('says of each key that no folder could have what became of it', async () => {
    const prefix = 'strange/';
    const longest = `${'k'.repeat(1024 - prefix.length - '.jpg'.length)}.jpg`;
    const refused = ['/leading.jpg', 'a//double.jpg', './here.jpg', 'b/../up.jpg', 'back\\slash.jpg'];
    const folders = ['full/', 'photo.jpg/'];
    for (const key of ['plain.jpg', longest, ...refused, ...folders])
      await s3.put(bucket, `${prefix}${key}`, jpeg);
    await s3.put(bucket, `${prefix}drawn/`, new Uint8Array());
    const job = await label('strange', `s3://${bucket}/strange`);
    expect(job.status?.state).toBe(JOB_STATE_SUCCEEDED);
    const expected = [...refused.map((key) => [key, 'INVALID_ARGUMENT']), ['plain.jpg', 1], [longest, 1]];
    expect(await outcomes(job)).toEqual(new Map(expected as [string, string | number][]));
    expect(job.pool).toMatchObject({ listed: 9, kept: 7 });
    expect(job.pool?.unread).toMatchObject([
      { reason: `a key that ends in "/", as no file's name does`, count: 2, examples: folders },
    ]);
  });

  it('without an image fails the job by the name of the prefix', async () => {
    await openStore(`s3://${bucket}`).put('notes/read-me.txt', Buffer.from('x'));
    const nothing = await label('nothing', `s3://${bucket}/none`);
    expect(nothing.status).toMatchObject({
      state: JOB_STATE_FAILED,
      error: { code: 'FAILED_PRECONDITION', message: expect.stringContaining(`s3://${bucket}/none`) },
    });
    const notes = await label('notes', `s3://${bucket}/notes`);
    expect(notes.status!.error!.message).toContain('read-me.txt');
  });
});
