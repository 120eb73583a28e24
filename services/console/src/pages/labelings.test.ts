import { Labeling, LabelerServiceDefinition } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';
import type { ShardsPoint } from './labelings.ts';

const SHARDS = 1000;
/** More than the console shows. */
const LONG = 20_001;

describe('labelings', () => {
  const asked: string[] = [];
  let console: OpenConsole;
  beforeAll(async () => {
    const labeling = Labeling.fromPartial({ status: { id: 'l1', state: 'JOB_STATE_RUNNING' } });
    const answer = (call: string) => () => {
      asked.push(call);
      return Promise.resolve({ labeling });
    };
    const file = (index: number) => ({
      ...{ index, uri: '', digest: '', failedImages: 1, labelCount: 30 },
      // The second half of the pool is empty.
      ...(index < SHARDS / 2 ? { labeledImages: 9, emptyImages: 0 } : { labeledImages: 0, emptyImages: 9 }),
    });
    console = await openConsole([
      scripted(LabelerServiceDefinition, {
        pauseLabeling: ({ reason }) => answer(`pause: ${reason}`)(),
        resumeLabeling: answer('resume'),
        cancelLabeling: answer('cancel'),
        retryDeadShards: answer('retry'),
        listLabelFiles({ id, pageSize, pageToken }) {
          const shards = id === 'long' ? LONG : SHARDS;
          const from = Number(pageToken || 0);
          const files = Array.from({ length: Math.min(300, pageSize) }, (_, at) => file(from + at)).filter(
            ({ index }) => index < shards,
          );
          const next = from + files.length;
          return Promise.resolve({ files, nextPageToken: next < shards ? String(next) : '' });
        },
      }),
    ]);
  });
  afterAll(() => console.close());

  it('are paused, resumed, cancelled and retried by the labeler', async () => {
    for (const verb of ['pause', 'resume', 'cancel', 'retry']) {
      const headers = { 'x-cassl-console': '1' };
      const response = await fetch(`${console.url}/api/labelings/l1/${verb}`, { method: 'POST', headers });
      expect(await response.json()).toMatchObject({ labeling: { status: { id: 'l1' } } });
    }
    expect(asked).toEqual(['pause: asked for in the console', 'resume', 'cancel', 'retry']);
  });

  it('show the teacher over the pool in few points, whatever the number of shards', async () => {
    const response = await fetch(`${console.url}/api/labelings/l1/shards`);
    const { points, ...told } = (await response.json()) as { points: ShardsPoint[] };
    expect(told).toEqual({ shards: SHARDS, isMore: false });
    expect(points.length).toBeLessThanOrEqual(400);
    expect(points.reduce((sum, { images }) => sum + images, 0)).toBe(10 * SHARDS);
    expect(points[0]).toMatchObject({ shard: 0, emptyRate: 0, labelsPerImage: 30 / 9 });
    expect(points.at(-1)).toMatchObject({ emptyRate: 1 });
  });

  it('say how many shards the points stand for where they are not all', async () => {
    const response = await fetch(`${console.url}/api/labelings/long/shards`);
    expect(await response.json()).toMatchObject({ shards: 20_000, isMore: true });
  });
});
