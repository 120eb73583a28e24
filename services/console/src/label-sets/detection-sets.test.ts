import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluatorServiceDefinition } from '@cassl/proto';
import { CasslError } from '@cassl/errors';
import type { EvaluationJob } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeEvaluation } from '../evaluation.fixture.ts';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';
import type { ImagePage } from './image-sets.ts';

describe('the detections of an evaluation', () => {
  let folder = '';
  let job: EvaluationJob;
  let console: OpenConsole;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-detections-'));
    job = await writeEvaluation(folder, 'dog');
    const others: Readonly<Record<string, EvaluationJob>> = { e1: job, bare: { ...job, detectionsUri: '' } };
    console = await openConsole([
      scripted(EvaluatorServiceDefinition, {
        getEvaluation({ id }) {
          if (others[id] === undefined)
            throw new CasslError('NOT_FOUND', `no evaluation ${JSON.stringify(id)}`);
          return Promise.resolve({ job: others[id] });
        },
        listEvaluations: () => Promise.resolve({ jobs: Object.values(others), nextPageToken: '' }),
      }),
    ]);
  });
  afterAll(async () => {
    await console.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = async (path: string): Promise<unknown> => (await fetch(`${console.url}/api/${path}`)).json();
  const setOf = async (above: number): Promise<string> => {
    const answer = await ask(`label-sets/of-evaluation?evaluation=e1&above=${above}`);
    return (answer as { set: string }).set;
  };
  const page = async (set: string, query = ''): Promise<ImagePage> => {
    const named = new URLSearchParams({ set, evaluation: 'e1' });
    return (await ask(`label-sets/images?${named}${query}`)) as ImagePage;
  };

  it('stand beside the truth with their classes, one of another class being false', async () => {
    const { images } = await page(await setOf(0.3));
    const told = images.map(({ key, labels, objects }) => [
      key,
      labels.map(({ name, isRight }) => [name, isRight]),
      objects?.map(({ name, isRight }) => [name, isRight]),
    ]);
    expect(told).toEqual([
      ['a.jpg', [['cat', true]], [['cat', true]]],
      [
        'b.jpg',
        [
          ['dog', false],
          ['cat', false],
        ],
        [['cat', false]],
      ],
    ]);
  });

  it('are ordered with the most false first, and counted above the wanted score', async () => {
    const set = await setOf(0.05);
    let found = await page(set, '&order=false-positives');
    // A page that takes long comes in parts.
    while (found.images.length < 2) found = await page(set, '&order=false-positives');
    expect(found.images.map(({ key, labels }) => [key, labels.length])).toEqual([
      ['b.jpg', 2],
      ['a.jpg', 2],
    ]);
    // The same evaluation and score: the same set.
    expect(await setOf(0.05)).toBe(set);
  });

  it('are listed where they were kept, and missed by name', async () => {
    expect(await ask('evaluations')).toEqual({ evaluations: ['e1'], searched: 2, isMore: false });
    expect(await ask('label-sets/of-evaluation?evaluation=bare')).toMatchObject({
      error: {
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining('kept no detections') as string,
      },
    });
    expect(await ask('label-sets/of-evaluation?evaluation=none')).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
  });
});
