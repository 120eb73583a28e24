import { CasslError } from '@cassl/errors';
import { Pipeline, PipelineServiceDefinition } from '@cassl/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { firstEvents, readEvents } from '../read-events.fixture.ts';
import { scripted, scriptedTrainer } from '../scripted-platform.fixture.ts';

let console: OpenConsole;
afterEach(() => console.close());

describe('the list of pipelines', () => {
  it('has of each what a line shows: its name, its state, what runs of it', async () => {
    const trainer = scriptedTrainer();
    const stage = (name: string, state: 'JOB_STATE_RUNNING' | 'JOB_STATE_SUCCEEDED') => ({
      name,
      status: { state },
    });
    trainer.pipelines.set(
      'p1',
      Pipeline.fromPartial({
        status: { id: 'p1', state: 'JOB_STATE_RUNNING' },
        spec: { name: 'demo', seeds: [1, 2] },
        stages: [
          stage('labeler', 'JOB_STATE_SUCCEEDED'),
          stage('labeling', 'JOB_STATE_RUNNING'),
          { name: 'new' },
        ],
      }),
    );
    // One that was only just asked for has nothing yet.
    trainer.pipelines.set('p2', Pipeline.fromPartial({}));
    console = await openConsole(trainer.services);
    const [event] = await firstEvents(`${console.url}/api/pipelines/events`, 1);
    expect(event?.data).toEqual({
      items: [expect.objectContaining({ name: 'demo', running: ['labeling'] }), { name: '', running: [] }],
      isMore: false,
    });
    expect(event?.data).not.toHaveProperty('items.0.spec');
  });

  it('comes again only when it has changed', async () => {
    const trainer = scriptedTrainer();
    let asked = 0;
    console = await openConsole([
      scripted(PipelineServiceDefinition, {
        list: () => {
          asked++;
          return Promise.resolve({ pipelines: [...trainer.pipelines.values()] });
        },
      }),
    ]);
    const lengths: unknown[] = [];
    for await (const { data } of readEvents(`${console.url}/api/pipelines/events`)) {
      lengths.push((data as { items: unknown[] }).items.length);
      if (lengths.length === 2) break;
      await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(2);
      trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1' } }));
    }
    expect(lengths).toEqual([0, 1]);
  });

  it('has the newest hundred, or as many as are asked for, and says that there are more', async () => {
    const all = Array.from({ length: 250 }, (_, index) =>
      Pipeline.fromPartial({ status: { id: `p${index}` } }),
    );
    console = await openConsole([
      scripted(PipelineServiceDefinition, {
        list({ pageSize, pageToken }) {
          const from = Number(pageToken || 0);
          const to = Math.min(all.length, from + pageSize);
          return Promise.resolve({
            pipelines: all.slice(from, to),
            nextPageToken: to < all.length ? String(to) : '',
          });
        },
      }),
    ]);
    for (const [query, shown, isMore] of [
      ['', 100, true],
      ['?most=200', 200, true],
      ['?most=300', 250, false],
    ] as const) {
      const [event] = await firstEvents(`${console.url}/api/pipelines/events${query}`, 1);
      const { items, ...rest } = event?.data as { items: { status: { id: string } }[]; isMore: boolean };
      expect(items.map(({ status }) => status.id)).toEqual(
        all.slice(0, shown).map(({ status }) => status?.id),
      );
      expect(rest).toEqual({ isMore });
    }
    for (const list of ['pipelines', 'trainings', 'labelings']) {
      const refused = await fetch(`${console.url}/api/${list}/events?most=all`);
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringContaining('most must be a whole number from 1 to 5000'),
      ]);
    }
  });

  it('is asked for no longer when nobody looks', async () => {
    let asked = 0;
    console = await openConsole([
      scripted(PipelineServiceDefinition, {
        list: () => Promise.resolve({ pipelines: [Pipeline.fromPartial({ status: { id: `p${asked++}` } })] }),
      }),
    ]);
    await firstEvents(`${console.url}/api/pipelines/events`, 2);
    await expect
      .poll(
        async () => {
          const before = asked;
          await new Promise((resolve) => setTimeout(resolve, 1500));
          return asked - before;
        },
        { timeout: 20_000 },
      )
      .toBe(0);
  });
});

describe('one pipeline', () => {
  it('is followed to its end', async () => {
    console = await openConsole([
      scripted(PipelineServiceDefinition, {
        async *watch({ id }) {
          for (const state of ['JOB_STATE_RUNNING', 'JOB_STATE_SUCCEEDED'] as const)
            yield await Promise.resolve({ pipeline: Pipeline.fromPartial({ status: { id, state } }) });
        },
      }),
    ]);
    const events = await firstEvents(`${console.url}/api/pipelines/a%20b/events`, 10);
    expect(events.map(({ event, data }) => (event === 'message' ? data : event))).toMatchObject([
      { pipeline: { status: { id: 'a b', state: 'JOB_STATE_RUNNING' } } },
      { pipeline: { status: { id: 'a b', state: 'JOB_STATE_SUCCEEDED' } } },
      'end',
    ]);
  });

  it('is followed by several, each from its beginning', async () => {
    const trainer = scriptedTrainer();
    trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1' } }));
    console = await openConsole(trainer.services);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => firstEvents(`${console.url}/api/pipelines/p1/events`, 1)),
    );
    expect(all.flat()).toHaveLength(20);
  });

  it('is resumed by the trainer, which may refuse', async () => {
    const asked: string[] = [];
    console = await openConsole([
      scripted(PipelineServiceDefinition, {
        resume({ id }) {
          asked.push(id);
          if (id === 'p2') throw new CasslError('FAILED_PRECONDITION', 'p2 runs');
          return Promise.resolve({ pipeline: Pipeline.fromPartial({ status: { id } }) });
        },
      }),
    ]);
    const resume = (id: string): Promise<Response> =>
      fetch(`${console.url}/api/pipelines/${id}/resume`, {
        method: 'POST',
        headers: { 'x-cassl-console': '1' },
      });
    expect(await (await resume('p1')).json()).toMatchObject({ pipeline: { status: { id: 'p1' } } });
    const refused = await resume('p2');
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { code: 'FAILED_PRECONDITION' } },
    ]);
    expect(asked).toEqual(['p1', 'p2']);
  });
});
