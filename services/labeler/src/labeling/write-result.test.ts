import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WrittenManifest } from '@cassl/datasets';
import type { Lead } from '@cassl/jobs';
import { openLabelSet } from '@cassl/labels';
import { LabelingSpec, Teacher, type Labeling } from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitKey } from './commit.ts';
import { commitOf, labelingOf } from './commit.fixture.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { writeResult } from './write-result.ts';

const TEACHER = 'a'.repeat(64);
const MANIFEST = `sha256:${'b'.repeat(64)}`;

let home: string;
let ledger: Ledger;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-result-'));
  ledger = openLedger(pathToFileURL(home).href, 'ledger/job');
});
afterEach(() => rm(home, { recursive: true, force: true }));

function leadOf(job: Labeling, signal = new AbortController().signal): Lead<Labeling> {
  const lead: Partial<Lead<Labeling>> = { id: 'job', job, signal };
  return lead as Lead<Labeling>;
}

async function result(
  shards: number,
  changes: Partial<LabelingSpec> = {},
  signal?: AbortSignal,
): Promise<Labeling> {
  const spec = LabelingSpec.fromPartial(changes);
  const written = { manifest: { shards }, digest: MANIFEST } as WrittenManifest;
  const job = labelingOf('job', { spec });
  return (await writeResult(leadOf(job, signal), { spec, ledger, written }))(job);
}

describe('the result of a labeling', () => {
  it('is a label set that says who labeled what, and how', async () => {
    for (const index of [1, 0, 2]) await ledger.commit(commitOf(index));
    const options = { threshold: 0.4, nonOverlap: true, maxDetections: 7, classSpecific: false };
    const job = await result(3, { options });
    const set = await openLabelSet(job.labelSetUri);
    expect(set.digest).toBe(job.labelSetDigest);
    expect(set.header).toEqual({
      threshold: 0.4,
      sources: [
        {
          manifest: MANIFEST,
          teacher: { digest: `sha256:${TEACHER}`, kind: 'checkpoint', prompts: [], licence: '' },
          options: { nonOverlap: true, maxDetections: 7 },
          scoreFloor: 0.4,
        },
      ],
    });
    expect(set.totals).toEqual({ files: 3, images: 12, labeled: 12, empty: 0, failed: 0, labels: 12 });
    const files: string[] = [];
    for await (const { keys } of set.files()) files.push(keys[0]);
    expect(files).toEqual(['0-a.jpg', '1-a.jpg', '2-a.jpg']);
  });

  it('keeps what a threshold says, not what float32 made of it', async () => {
    await ledger.commit(commitOf(0));
    const options = {
      threshold: Math.fround(0.05),
      nonOverlap: false,
      maxDetections: 0,
      classSpecific: false,
    };
    expect((await openLabelSet((await result(1, { options })).labelSetUri)).header.threshold).toBe(0.05);
  });

  it('has the same digest whoever did which shard, when and how often', async () => {
    for (const index of [0, 1]) await ledger.commit(commitOf(index, { seconds: 1, attempt: 1 }));
    const first = await result(2);
    const other = openLedger(pathToFileURL(home).href, 'ledger/again');
    for (const index of [1, 0]) await other.commit(commitOf(index, { seconds: 9, attempt: 4 }));
    ledger = other;
    expect((await result(2)).labelSetDigest).toBe(first.labelSetDigest);
  });

  it.each([
    ['onnx', { $case: 'onnx', value: { uri: 'file:///teacher.onnx' } }],
    ['open-inference', { $case: 'endpoint', value: { address: 'triton:8001', model: 'm', version: '' } }],
  ] as const)('names a teacher from elsewhere: %s', async (kind, source) => {
    await ledger.commit(commitOf(0));
    const teacher = Teacher.fromPartial({ source, prompts: ['cat', 'dog'], licence: 'MIT' });
    const { header } = await openLabelSet((await result(1, { teacher })).labelSetUri);
    expect(header.sources[0]?.teacher).toEqual({
      digest: `sha256:${TEACHER}`,
      kind,
      prompts: ['cat', 'dog'],
      licence: 'MIT',
    });
  });

  it('says beside the set what it has cost', async () => {
    for (const index of [0, 1]) await ledger.commit(commitOf(index, { seconds: 3 }));
    await result(2);
    const names = await readdir(join(home, 'labels'));
    const facts = names.find((name) => name.includes('facts')) ?? '';
    expect(JSON.parse(await readFile(join(home, 'labels', facts), 'utf8'))).toMatchObject({
      madeBy: 'labeling job',
      gpuSeconds: 6,
      gpuSecondsPer1000Images: 750,
    });
  });

  it('of a pool without images is an empty set', async () => {
    expect((await openLabelSet((await result(0)).labelSetUri)).totals.images).toBe(0);
  });

  it('is not written where commits are gone: a set without them would look whole', async () => {
    for (const index of [0, 1, 2]) await ledger.commit(commitOf(index));
    await rm(join(home, 'ledger/job', commitKey(1)));
    await expect(result(3)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: `1 of 3 commits are gone from ${ledger.store.uri}`,
    });
    const left = await readdir(join(home, 'labels')).catch(() => []);
    expect(left.filter((name) => name.includes('labelset'))).toEqual([]);
  });

  it('is not written after the job was lost to another leader', async () => {
    await ledger.commit(commitOf(0));
    await expect(result(1, {}, AbortSignal.abort(new Error('superseded')))).rejects.toThrow('superseded');
  });
});
