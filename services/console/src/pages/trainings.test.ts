import { CasslError } from '@cassl/errors';
import { Training, TrainerServiceDefinition } from '@cassl/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { firstEvents, readEvents, type StreamedEvent } from '../read-events.fixture.ts';
import { scripted, scriptedTrainer } from '../scripted-platform.fixture.ts';

let console: OpenConsole;
afterEach(() => console.close());

const training = (id: string, losses: readonly number[], state = 'JOB_STATE_RUNNING' as const): Training =>
  Training.fromPartial({
    status: { id, state },
    curve: losses.map((total, index) => ({ iteration: index + 1, losses: { total } })),
  });

const errorOf = async (path: string, method = 'GET'): Promise<string> => {
  const response = await fetch(`${console.url}/api/trainings${path}`, {
    method,
    headers: { 'x-cassl-console': '1' },
  });
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return `${response.status} ${error.code}: ${error.message}`;
};

describe('trainings that are watched', () => {
  it('come all over one connection: curves so far, then what is new of each', async () => {
    const trainer = scriptedTrainer();
    trainer.trainings.set('a', training('a', [3, 2]));
    trainer.trainings.set('b', training('b', [5]));
    console = await openConsole(trainer.services);
    const points: Record<string, number> = {};
    let changed = false;
    for await (const { data } of readEvents(`${console.url}/api/trainings/watch?ids=a,b,a,`)) {
      const { id, training: run } = data as { id: string; training: { curve: { iteration: number }[] } };
      points[id] = (points[id] ?? 0) + run.curve.length;
      if (Object.keys(points).length === 2 && !changed) {
        changed = true;
        trainer.trainings.set('b', training('b', [5, 4, 3]));
        trainer.changed();
      }
      if (points['b'] === 3) break;
    }
    expect(points).toEqual({ a: 2, b: 3 });
  });

  it('do not end with one that is gone', async () => {
    const trainer = scriptedTrainer();
    trainer.trainings.set('a', training('a', [3]));
    console = await openConsole(trainer.services);
    const events = await firstEvents(`${console.url}/api/trainings/watch?ids=gone,a`, 2);
    const told = events.map(({ data }) => data as { id: string; error?: { code: string } });
    expect(told.find(({ id }) => id === 'gone')?.error).toMatchObject({ code: 'NOT_FOUND' });
    expect(told.find(({ id }) => id === 'a')?.error).toBeUndefined();
  });

  it('have losses that are no number as null, which pages show as gaps', async () => {
    const trainer = scriptedTrainer();
    trainer.trainings.set('a', training('a', [1, NaN, Infinity]));
    console = await openConsole(trainer.services);
    const [event] = await firstEvents(`${console.url}/api/trainings/watch?ids=a`, 1);
    const { training: run } = event?.data as { training: { curve: { losses: { total: unknown } }[] } };
    expect(run.curve.map(({ losses }) => losses.total)).toEqual([1, null, null]);
  });

  it('are at their end when every one is', async () => {
    console = await openConsole([
      scripted(TrainerServiceDefinition, {
        async *watchTraining({ id }) {
          yield await Promise.resolve({ training: training(id, [1]) });
        },
      }),
    ]);
    const events = await firstEvents(`${console.url}/api/trainings/watch?ids=a,b`, 10);
    expect(events.map(({ event }) => event)).toEqual(['message', 'message', 'end']);
  });

  it('fail together where the trainer does, so that the page connects again', async () => {
    console = await openConsole([
      scripted(TrainerServiceDefinition, {
        async *watchTraining({ id }) {
          yield await Promise.resolve({ training: training(id, [1]) });
          if (id === 'b') throw new CasslError('UNAVAILABLE', 'the trainer stops');
          await new Promise(() => undefined);
        },
      }),
    ]);
    const events: StreamedEvent[] = await firstEvents(`${console.url}/api/trainings/watch?ids=a,b`, 10);
    expect(events.at(-1)).toEqual({
      event: 'failure',
      data: { code: 'UNAVAILABLE', message: expect.stringContaining('the trainer stops') as string },
    });
  });

  it.each([
    '',
    '?ids=',
    '?ids=,,,',
    `?ids=${Array.from({ length: 25 }, (_, index) => `t${index}`).join(',')}`,
  ])('are 1 to 24: %s', async (query) => {
    console = await openConsole([]);
    expect(await errorOf(`/watch${query}`)).toMatch(
      /^400 INVALID_ARGUMENT: ids must be 1 to 24 ids of trainings, separated by commas, got (0|25)$/,
    );
  });
});

describe('the list of trainings', () => {
  it('comes anew when one changes, without curves, and says when the trainer is away', async () => {
    let asked = 0;
    console = await openConsole([
      scripted(TrainerServiceDefinition, {
        listTrainings() {
          asked++;
          if (asked > 2) throw new CasslError('UNAVAILABLE', 'the trainer stops');
          return Promise.resolve({ trainings: [Training.fromPartial({ status: { id: `run-${asked}` } })] });
        },
      }),
    ]);
    const events = await firstEvents(`${console.url}/api/trainings/events`, 3);
    expect(events.map(({ event, data }) => (event === 'message' ? data : event))).toMatchObject([
      { items: [{ status: { id: 'run-1' } }] },
      { items: [{ status: { id: 'run-2' } }] },
      'failure',
    ]);
  });

  it('may be empty', async () => {
    console = await openConsole(scriptedTrainer().services);
    expect(await firstEvents(`${console.url}/api/trainings/events`, 1)).toEqual([
      { event: 'message', data: { items: [], isMore: false } },
    ]);
  });
});

describe('one training', () => {
  it('is cancelled and resumed by the trainer, by its id whatever letters it has', async () => {
    const asked: string[] = [];
    const answer =
      (verb: string) =>
      ({ id }: { id: string }) => {
        asked.push(`${verb} ${id}`);
        return Promise.resolve({ training: training(id, []) });
      };
    console = await openConsole([
      scripted(TrainerServiceDefinition, {
        cancelTraining: answer('cancel'),
        resumeTraining: answer('resume'),
      }),
    ]);
    for (const path of ['a%2Fb/cancel', '%25/resume', '%F0%9F%98%80/cancel']) {
      const init = { method: 'POST', headers: { 'x-cassl-console': '1' } };
      expect((await fetch(`${console.url}/api/trainings/${path}`, init)).status).toBe(200);
    }
    expect(asked).toEqual(['cancel a/b', 'resume %', 'cancel 😀']);
  });

  it('that is gone is missed by name', async () => {
    console = await openConsole([
      scripted(TrainerServiceDefinition, {
        cancelTraining({ id }) {
          throw new CasslError('NOT_FOUND', `there is no training ${JSON.stringify(id)}`);
        },
      }),
    ]);
    expect(await errorOf('/gone/cancel', 'POST')).toContain('404 NOT_FOUND: ');
    expect(await errorOf('/gone/cancel', 'POST')).toContain('there is no training "gone"');
    expect(await errorOf('/gone/explode', 'POST')).toBe(
      '404 NOT_FOUND: there is no POST /api/trainings/gone/explode',
    );
  });
});
