import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExperimentRecord } from '../contract/experiment-record.ts';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { firstEvents, readEvents } from '../read-events.fixture.ts';

describe('the experiments of a machine', () => {
  let console: OpenConsole;
  let folder: string;
  beforeAll(async () => {
    console = await openConsole([]);
    folder = join(console.home, 'experiments');
  });
  afterAll(() => console.close());
  beforeEach(() => rm(folder, { recursive: true, force: true }));

  const record = (experiment: string, changes: object = {}): Omit<ExperimentRecord, 'changedAt'> => ({
    result: {
      ...{
        experiment,
        claim: 'c',
        verdict: 'holds',
        commands: [],
        seeds: [1],
        missingSeeds: [],
        engine: 'torch',
      },
      ...{ difference: {}, interval: {}, statements: {}, summary: {}, compute: {} },
      ...changes,
    },
    progress: { done: 1, total: 2, running: [], failed: [] },
  });
  const write = async (name: string, content: unknown): Promise<void> => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const list = async (): Promise<string[]> => {
    const [event] = await firstEvents(`${console.url}/api/experiments/events`, 1);
    return (event?.data as ExperimentRecord[]).map(({ result }) => result.experiment);
  };

  it('are none where nothing was run', async () => {
    expect(await list()).toEqual([]);
    await mkdir(folder);
    expect(await list()).toEqual([]);
  });

  it('come last changed first', async () => {
    for (const [index, name] of ['old', 'new', 'middle'].entries()) {
      await write(`${name}.json`, record(name));
      const at = new Date(Date.UTC(2026, 0, [1, 3, 2][index]));
      await utimes(join(folder, `${name}.json`), at, at);
    }
    expect(await list()).toEqual(['new', 'middle', 'old']);
  });

  it.each([
    ['half a file', '{"result":'],
    ['nothing', ''],
    ['another JSON', '[1, 2]'],
    ['null', 'null'],
    ['a verdict that nobody knows', record('e', { verdict: 'maybe' })],
    ['an interval of one end', record('e', { interval: { a: [1] } })],
    ['numbers as text', record('e', { difference: { a: '0.1' } })],
    ['more than anybody reads', record('x'.repeat(4_000_001))],
  ])('leave out %s, and show the others', async (_, content) => {
    await write('broken.json', content);
    await write('whole.json', record('whole'));
    await write('notes.txt', record('notes'));
    expect(await list()).toEqual(['whole']);
  });

  it('may have folders, links to nothing and links in a circle among them', async () => {
    await write('whole.json', record('whole'));
    await mkdir(join(folder, 'folder.json'));
    await symlink('nowhere', join(folder, 'gone.json'));
    await symlink('circle.json', join(folder, 'circle.json'));
    expect(await list()).toEqual(['whole']);
  });

  it('are told anew when one goes on, ends, or is thrown away', async () => {
    await write('e.json', record('e'));
    const seen: unknown[] = [];
    for await (const { data } of readEvents(`${console.url}/api/experiments/events`)) {
      seen.push((data as ExperimentRecord[]).map(({ progress: { done } }) => done));
      if (seen.length === 1)
        await write('e.json', { ...record('e'), progress: { ...record('e').progress, done: 2 } });
      if (seen.length === 2) await rm(join(folder, 'e.json'));
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([[1], [2], []]);
  });
});
