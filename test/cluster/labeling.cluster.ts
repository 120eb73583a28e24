import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { readLabelFiles } from '@cassl/labels';
import { isEnded } from '@cassl/jobs';
import { JobState, type Labeling } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, kubectl, podsOf } from './cluster.ts';
import { evictPod, handOver, killPod, openRelease, publishMicroLabeler, type Release } from './release.ts';

/** Ten thousand take some minutes of two cores. */
const IMAGES = Number(process.env.CASSL_CLUSTER_IMAGES ?? 10_000);
const NAMESPACE = 'ten-thousand';
let release: Release;

beforeAll(async () => {
  release = await openRelease(NAMESPACE, ['labelWorkers.shardAckWaitMs=10000']);
  const pool = join(release.sharedFolder, 'pool');
  await mkdir(pool, { recursive: true });
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  for (let index = 0; index < IMAGES; index += 1) {
    const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: 'white', noise } });
    await picture.jpeg({ quality: 50 }).toFile(join(pool, `${String(index).padStart(6, '0')}.jpg`));
  }
  handOver(release.sharedFolder);
}, 900_000);
afterAll(() => release.remove());

describe(`a labeling of ${IMAGES} images`, () => {
  it('counts each image once while its pods are deleted, evicted and killed', async () => {
    const { clients, namespace, sharedFolder } = release;
    const { labeler } = clients;
    const id = 'ten-thousand';
    await labeler.startLabeling({
      id,
      spec: {
        checkpoint: await publishMicroLabeler(clients),
        pool: { uri: 'file:///data/pool', limit: 0 },
        options: { threshold: 0.05, maxDetections: 5 },
        outputUri: 'file:///data/labels',
        shardSize: 100,
      },
    });
    const get = async (): Promise<Labeling> => (await labeler.getLabeling({ id })).labeling!;
    const reach = (share: number): Promise<Labeling> =>
      eventually(
        get,
        ({ status }) => isEnded(status) || (status?.progress?.done ?? 0) >= share * IMAGES,
        800_000,
      );
    const scale = (count: number): Promise<string> =>
      kubectl('-n', namespace, 'scale', 'deployment/cassl-label-worker', `--replicas=${count}`);
    const worker = async (): Promise<string> => (await podsOf(namespace, 'label-worker'))[0]!;

    await reach(0.05);
    await scale(3);
    await eventually(
      () => podsOf(namespace, 'label-worker'),
      (pods) => pods.length === 3,
      120_000,
    );
    await kubectl('-n', namespace, 'delete', 'pod', await worker(), '--wait=false');
    await delay(3000);
    await killPod(namespace, await worker());
    await reach(0.4);
    await evictPod(namespace, await worker());
    await kubectl('-n', namespace, 'delete', 'pod', (await podsOf(namespace, 'labeler'))[0]!, '--wait=false');
    await delay(3000);
    await kubectl('-n', namespace, 'delete', 'pod', await worker(), '--grace-period=0', '--force');
    await scale(1);

    const labeling = await reach(2);
    expect(labeling.status?.error).toBeUndefined();
    expect(labeling.status?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(labeling.labeledImages + labeling.emptyImages + labeling.failedImages).toBe(IMAGES);
    const keys: string[] = [];
    const here = labeling.labelUris.map((uri) => uri.replace('file:///data', `file://${sharedFolder}`));
    for await (const { key } of readLabelFiles(here)) keys.push(key);
    expect(keys).toHaveLength(IMAGES);
    expect(new Set(keys).size).toBe(IMAGES);
  });
});
