import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineChecker } from './check-pipeline.ts';
import { pipelineSpec } from './pipeline.fixture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-check-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the check of a pipeline in a process of its own', () => {
  it('brings the findings over, and leaves nothing behind', async () => {
    const check = pipelineChecker(join(folder, 'checks'));
    const { findings } = await check(pipelineSpec({ threshold: 2 }), new AbortController().signal);
    expect(findings).toContainEqual({
      field: 'PipelineSpec',
      code: 'INVALID_ARGUMENT',
      message: 'PipelineSpec.threshold must be in [0, 1), got 2',
    });
    expect(await readdir(join(folder, 'checks'))).toEqual([]);
  });

  it('ends with the reason of the caller who left, and leaves nothing behind', async () => {
    const check = pipelineChecker(join(folder, 'left'));
    const stop = new AbortController();
    const checking = check(pipelineSpec(), stop.signal);
    stop.abort(new Error('the client left'));
    await expect(checking).rejects.toThrow('the client left');
    expect(await readdir(join(folder, 'left'))).toEqual([]);
  });

  it('is refused without a specification', async () => {
    const check = pipelineChecker(join(folder, 'missing'));
    await expect(check(undefined, new AbortController().signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
