import sharp from 'sharp';
import { errorMessage } from '@cassl/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl } from './cluster.ts';
import { openRelease, publishMicroLabeler, rolledOut, type Release } from './release.ts';

let release: Release;
beforeAll(async () => {
  release = await openRelease('rolling');
}, 700_000);
afterAll(() => release.remove());

describe('a rolling update', () => {
  it('fails no call of clients with retries, and a drain loses no answer', async () => {
    const { clients, namespace } = release;
    const checkpoint = await publishMicroLabeler(clients);
    const encoded = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    const label = (key: string): Promise<unknown> =>
      clients.labeler.label(
        { checkpoint, image: { key, source: { $case: 'encoded', value: encoded } }, options: {} },
        { deadlineMs: 120_000 },
      );
    await label('first');
    let isOver = false;
    let answered = 0;
    const failures: string[] = [];
    const caller = async (name: number): Promise<void> => {
      for (let call = 0; !isOver; call += 1) {
        try {
          await label(`${name}-${call}`);
          answered += 1;
        } catch (error) {
          failures.push(errorMessage(error));
        }
      }
    };
    const callers = [1, 2].map(caller);
    for (let round = 0; round < 2; round += 1) {
      await kubectl('-n', namespace, 'rollout', 'restart', 'deployment/cassl-labeler');
      await rolledOut(namespace, 'labeler');
    }
    isOver = true;
    await Promise.all(callers);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  });
});
