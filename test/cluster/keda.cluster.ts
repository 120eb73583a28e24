import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { isEnded } from '@cassl/jobs';
import { JobState } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, HAS_KEDA, kubectl, podsOf } from './cluster.ts';
import { handOver, openRelease, publishMicroLabeler, type Release } from './release.ts';

const IMAGES = 600;
let release: Release;

describe.skipIf(!HAS_KEDA)('label workers scaled by KEDA (skipped where KEDA is not built)', () => {
  beforeAll(async () => {
    const autoscaling = [
      'kind=keda',
      'maxReplicas=3',
      'drainSeconds=20',
      'pollingInterval=2',
      'cooldownPeriod=5',
    ];
    release = await openRelease(
      'scaled',
      autoscaling.map((value) => `labelWorkers.autoscaling.${value}`),
    );
    const pool = join(release.sharedFolder, 'pool');
    await mkdir(pool, { recursive: true });
    for (let index = 0; index < IMAGES; index += 1) {
      const picture = sharp({
        create: { width: 64, height: 64, channels: 3, background: { r: index % 256, g: 0, b: 0 } },
      });
      await picture.jpeg().toFile(join(pool, `${index}.jpg`));
    }
    handOver(release.sharedFolder);
  }, 700_000);
  afterAll(() => release.remove());

  it('go from none to some and back to none, also while the labeler restarts', async () => {
    const { clients, namespace } = release;
    const workers = (): Promise<string[]> => podsOf(namespace, 'label-worker');
    await eventually(workers, (pods) => pods.length === 0, 180_000);
    const id = 'scaled';
    const checkpoint = await publishMicroLabeler(clients);
    await clients.labeler.startLabeling({
      id,
      spec: {
        checkpoint,
        pool: { uri: 'file:///data/pool', limit: 0 },
        options: { threshold: 0.05, maxDetections: 5 },
        outputUri: 'file:///data/labels',
        shardSize: 20,
      },
    });
    await eventually(workers, (pods) => pods.length > 0, 120_000);
    await kubectl('-n', namespace, 'delete', 'pod', (await podsOf(namespace, 'labeler'))[0]!);
    const end = await eventually(
      async () => (await clients.labeler.getLabeling({ id })).labeling!,
      ({ status }) => isEnded(status),
      600_000,
    );
    expect(end.status?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(end.labeledImages + end.emptyImages).toBe(IMAGES);
    await eventually(workers, (pods) => pods.length === 0, 240_000);
  });
});
