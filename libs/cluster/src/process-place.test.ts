import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkPlace } from './open-work-place.ts';
import { processPlace } from './process-place.ts';
import { runWork } from './run-work.ts';
import type { WorkPlace } from './work-place.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
let folder: string;
let place: WorkPlace;
const WORKER = `
const [, , folder] = process.argv;
process.send({ type: 'started', folder });
if (process.env.FAIL === 'said') process.send({ type: 'failed', code: 'NOT_FOUND', message: 'no such data' }, () => process.exit(2));
else if (process.env.FAIL === 'silent') { console.error('the last straw'); process.exitCode = 7; process.disconnect(); }
else if (process.env.FAIL === 'never') setInterval(() => {}, 1000);
else process.disconnect();
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-place-'));
  const entry = join(folder, 'worker.mjs');
  await writeFile(entry, WORKER);
  place = processPlace({ entries: { training: entry } });
});
afterAll(async () => {
  await place.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (
  id: string,
  env: Record<string, string>,
  signal = new AbortController().signal,
): Promise<unknown[]> => {
  const messages: unknown[] = [];
  const work = runWork({
    place,
    kind: 'training',
    id,
    folder,
    env,
    signal,
    onMessage: (message) => messages.push(message),
  });
  return work.then(() => messages);
};

describe('work in child processes', () => {
  it('hands on what the worker reports', async () => {
    expect(await run('good', {})).toEqual([{ type: 'started', folder }]);
  });

  it('throws what the worker said, or how it died with its last words', async () => {
    await expect(run('said', { FAIL: 'said' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no such data',
    });
    await expect(run('silent', { FAIL: 'silent' })).rejects.toThrow(
      /exit code 7; last words: the last straw/,
    );
  });

  it('adopts what runs under the same id, and stops it when asked', async () => {
    const task = { kind: 'training', id: 'long', folder, env: { FAIL: 'never' }, onMessage: () => undefined };
    const [first, second] = [await place.start(task), await place.start(task)];
    expect(second.name).toBe(first.name);
    expect(await place.running('training')).toEqual(['long']);
    expect(await first.stop()).toEqual({ outcome: 'stopped', reason: 'stopped' });
    expect(await place.running('training')).toEqual([]);
  });

  it('ends with the reason of the signal that aborted it', async () => {
    const stop = new AbortController();
    const work = run('aborted', { FAIL: 'never' }, stop.signal);
    stop.abort(new Error('cancelled'));
    await expect(work).rejects.toThrow('cancelled');
  });

  it('ends what runs under an id, whoever started it', async () => {
    const task = {
      kind: 'training',
      id: 'orphan',
      folder,
      env: { FAIL: 'never' },
      onMessage: () => undefined,
    };
    const work = await place.start(task);
    await place.end('training', 'orphan');
    expect(await work.ended).toMatchObject({ outcome: 'stopped' });
    await place.end('training', 'unknown');
  });

  it('is where work runs unless a Job template is named, which must be there', async () => {
    const options = { kind: 'training', entry: join(folder, 'worker.mjs'), logger };
    const processes = await openWorkPlace({ ...options, template: undefined });
    expect(await processes.running('training')).toEqual([]);
    const absent = openWorkPlace({ ...options, template: '/absent/training.yaml' });
    await expect(absent).rejects.toThrow(
      /the Job template of training cannot be read.*\/absent\/training.yaml/,
    );
  });

  it('refuses several nodes', async () => {
    const task = { kind: 'training', id: 'n', folder, nodes: 2, onMessage: () => undefined };
    await expect(place.start(task)).rejects.toThrow(/asks for 2 nodes/);
  });
});
