import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notFound, unavailable } from '@cassl/errors';
import { Checkpoint } from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCheckpointFinder, type FindCheckpoint } from './find-checkpoint.ts';

const ONE = 'a'.repeat(64);
const TWO = 'b'.repeat(64);

describe('finding checkpoints', () => {
  let cacheDir = '';
  let clock = 0;
  let answer: () => Promise<string>;
  let asked = 0;
  let find: FindCheckpoint;
  const digestOf = async (reference: string): Promise<string> => (await find(reference)).checkpoint.digest;

  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'cassl-find-'));
    for (const digest of [ONE, TWO]) await writeFile(join(cacheDir, `${digest}.safetensors`), 'x');
    [clock, asked, answer] = [0, 0, () => Promise.resolve(ONE)];
    const client = {
      async getCheckpoint() {
        asked++;
        return { checkpoint: Checkpoint.fromPartial({ digest: await answer(), sizeBytes: 1 }) };
      },
    };
    find = createCheckpointFinder(client as never, cacheDir, () => clock);
  });
  afterEach(() => rm(cacheDir, { recursive: true }));

  it('asks for an alias at most every two seconds, for a digest once', async () => {
    expect([await digestOf('a'), await digestOf('a'), asked]).toEqual([ONE, ONE, 1]);
    clock += 2001;
    answer = () => Promise.resolve(TWO);
    expect([await digestOf('a'), asked]).toEqual([TWO, 2]);
    for (let times = 0; times < 3; times++, clock += 5000) await find(TWO);
    expect(asked).toBe(3);
  });

  it('answers for a registry that is frozen or away by what it said last', async () => {
    await find('a');
    clock += 2001;
    answer = () => new Promise(() => undefined);
    expect(await digestOf('a')).toBe(ONE);
    for (let times = 0; times < 3; times++) {
      clock += 2001;
      answer = () => Promise.reject(unavailable('away'));
      expect(await digestOf('a')).toBe(ONE);
    }
  });

  it('believes a registry that says an alias is gone', async () => {
    await find('a');
    clock += 2001;
    answer = () => Promise.reject(notFound('alias a does not exist'));
    await expect(find('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(find('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
