import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Labeling } from '@cassl/proto';
import { JobState, LabelingSpec } from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labelingOf } from './commit.fixture.ts';
import { openJobCatalog, type JobCatalog, type LostLabeling } from './job-catalog.ts';

const FOLDER = '.cassl/labelings';
const { JOB_STATE_QUEUED, JOB_STATE_RUNNING, JOB_STATE_SUCCEEDED } = JobState;

let home: string;
let other: string;
let catalog: JobCatalog;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-catalog-'));
  other = await mkdtemp(join(tmpdir(), 'cassl-catalog-'));
  catalog = openJobCatalog([pathToFileURL(home).href, pathToFileURL(other).href]);
});
afterEach(async () => {
  for (const folder of [home, other]) await rm(folder, { recursive: true, force: true });
});

/** A labeling whose output lies in the place. */
function job(id: string, place = home, state: JobState = JOB_STATE_RUNNING): Labeling {
  const outputUri = pathToFileURL(join(place, 'out')).href;
  const status = { id, state, owner: 'ada', leader: 'labeler-1', attempt: 2, fence: 3 };
  return labelingOf(id, { status, spec: LabelingSpec.fromPartial({ outputUri }) } as Partial<Labeling>);
}

async function lost(
  isKnown: (id: string) => boolean = () => false,
): Promise<{ readonly found: LostLabeling[]; readonly damaged: string[] }> {
  const found: LostLabeling[] = [];
  const damaged: string[] = [];
  const onDamaged = (error: unknown): void => void damaged.push((error as Error).message);
  for await (const each of catalog.lost(isKnown, onDamaged)) found.push(each);
  return { found, damaged };
}

describe('records of labelings in object storage', () => {
  it('lie in the place that holds the output of each', async () => {
    await catalog.keep(job('here'));
    await catalog.keep(job('there', other));
    expect(await readdir(join(home, FOLDER))).toEqual(['here.json']);
    expect(await readdir(join(other, FOLDER))).toEqual(['there.json']);
    const { found } = await lost();
    expect(found.map(({ id }) => id).sort()).toEqual(['here', 'there']);
  });

  it('are not kept where the output is in no known place', async () => {
    await catalog.keep(job('strange', '/elsewhere'));
    expect((await lost()).found).toEqual([]);
  });

  it('are the newest, and only of labelings that nobody knows', async () => {
    await catalog.keep(job('a'));
    await catalog.keep({ ...job('a'), labelCount: 7 });
    await catalog.keep(job('b'));
    const { found } = await lost((id) => id === 'b');
    expect(found).toMatchObject([{ id: 'a', owner: 'ada', job: { labelCount: 7 } }]);
  });

  it('of a running labeling wait for a leader; of an ended one are as it ended', async () => {
    await catalog.keep(job('running'));
    const ended = job('ended', home, JOB_STATE_SUCCEEDED);
    await catalog.keep(ended);
    const jobs = new Map((await lost()).found.map(({ id, job: found }) => [id, found]));
    expect(jobs.get('running')?.status).toMatchObject({
      state: JOB_STATE_QUEUED,
      leader: '',
      attempt: 2,
      fence: 3,
    });
    expect(jobs.get('ended')).toEqual(ended);
  });

  it.each<[string, string, string, RegExp]>([
    ['a torn file', 'torn', '{"status":', /torn\.json: cannot be read/],
    ['no JSON', 'none', 'x', /none\.json: cannot be read/],
    [
      'the record of another name',
      'mine',
      JSON.stringify({ status: { id: 'yours' } }),
      /mine\.json: is not the record/,
    ],
    [
      'a labeling whose output is elsewhere',
      'away',
      JSON.stringify({ status: { id: 'away' }, spec: { outputUri: 'file:///etc' } }),
      /away\.json: is not the record/,
    ],
    ['a name that no job can have', 'a b', '{}', /a b\.json.*\[A-Za-z0-9_-\]/],
  ])('leave out %s, naming it, and give the rest', async (_, name, text, message) => {
    await mkdir(join(home, FOLDER), { recursive: true });
    await writeFile(join(home, FOLDER, `${name}.json`), text);
    await catalog.keep(job('whole'));
    const { found, damaged } = await lost();
    expect(found.map(({ id }) => id)).toEqual(['whole']);
    expect(damaged).toEqual([expect.stringMatching(message)]);
    expect(damaged[0]).toContain(pathToFileURL(home).href);
  });
});
