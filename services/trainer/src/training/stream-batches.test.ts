import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openCocoDataset, type DropReport } from '@cassl/datasets';
import { detectorPreset } from '@cassl/detector';
import { expect, it } from 'vitest';
import { streamBatches } from './stream-batches.ts';

const shared = process.env.CASSL_SHARED ?? resolve(import.meta.dirname, '../../../../../shared');
const root = join(shared, 'bugs/03-images-lost-in-training');

it.skipIf(!existsSync(root))(
  'tells of images that turn out to be unreadable once (needs CASSL_SHARED)',
  async () => {
    const dataset = await openCocoDataset({
      annotations: join(root, 'annotations/instances_train2017.json'),
      images: join(root, 'train2017'),
      labels: 'agnostic',
    });
    const reports: DropReport[] = [];
    const batches = streamBatches({
      dataset,
      config: detectorPreset('tiny', { masks: false }),
      batchSize: 4,
      augmentation: 'weak',
      seed: 1,
      from: 0,
      iterations: 6,
      onUnreadable: (report) => Promise.resolve(void reports.push(report)),
    });
    // Six batches of four visit all twelve images.
    for (let step = 0; step < 6; step++) await batches.next();
    await batches.return(undefined);
    const last = reports.at(-1);
    expect(last?.reasons).toMatchObject([{ reason: 'file is not a readable image', count: 2 }]);
    expect(last?.reasons[0]?.examples.join(' ')).toMatch(/truncated/);
    expect(reports.length).toBeLessThanOrEqual(2);
  },
);
