import {
  Checkpoint,
  DetectorServiceDefinition,
  ImageDetections,
  RegistryServiceDefinition,
} from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

describe('trying a photo', () => {
  let console: OpenConsole;
  const seen: string[] = [];
  beforeAll(async () => {
    const checkpoint = Checkpoint.fromPartial({ digest: 'd1', manifest: { stage: 'STAGE_FINETUNE' } });
    const detections = ImageDetections.fromPartial({
      checkpointDigest: 'd1',
      width: 4,
      height: 2,
      detections: [
        {
          box: { x1: 1, y1: 0, x2: 3, y2: 2 },
          score: 0.5,
          categoryName: 'cat',
          // Down the columns 2 pixels outside, 4 inside, 2 outside.
          mask: { height: 2, width: 4, counts: '242' },
        },
      ],
      metadata: { inputMs: 1, computeMs: 2, outputMs: 3 },
    });
    console = await openConsole([
      scripted(RegistryServiceDefinition, {
        getCheckpoint: () => Promise.resolve({ checkpoint, evaluations: [], omittedEvaluations: 0 }),
      }),
      scripted(DetectorServiceDefinition, {
        detect({ image }) {
          seen.push(image?.source?.$case === 'encoded' ? image.source.value.toString() : '');
          return Promise.resolve({ detections });
        },
      }),
    ]);
  });
  afterAll(() => console.close());

  const post = (body: string, query = '?checkpoint=demo/detector'): Promise<Response> =>
    fetch(`${console.url}/api/try${query}`, { method: 'POST', body, headers: { 'x-cassl-console': '1' } });

  it('asks the detector, and answers boxes with their masks as runs', async () => {
    expect(await (await post('a photo')).json()).toEqual({
      ...{ digest: 'd1', width: 4, height: 2, ms: 6 },
      boxes: [{ box: [1, 0, 2, 2], score: 0.5, name: 'cat', runs: [2, 4, 2] }],
    });
    expect(seen).toEqual(['a photo']);
  });

  it('refuses what is no photo, and no checkpoint', async () => {
    expect((await post('')).status).toBe(400);
    expect((await post('a photo', '')).status).toBe(400);
  });
});
