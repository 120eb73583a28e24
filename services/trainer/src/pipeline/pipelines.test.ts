import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unavailable } from '@cassl/errors';
import { connectEvents, openEvents, startNatsServer, type EventConnection } from '@cassl/events';
import { cancelledStatus, jobProgress, runJobs, type Jobs } from '@cassl/jobs';
import { JobState, Pipeline, PipelineSpec, type PipelineFinding, type PipelineStage } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pipelineSpec, scriptedServices, type ScriptedServices } from './pipeline.fixture.ts';
import { openPipelines, type Pipelines } from './pipelines.ts';
import { runPipeline } from './run-pipeline.ts';

const PATIENT = { timeout: 50_000, interval: 10 };
const logger = createLogger({ name: 'test', level: 'silent' });
let folder: string;
let connection: EventConnection;
const closers: (() => Promise<unknown>)[] = [];
const ofTest: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-pipelines-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  closers.push(() => nats.stop());
  connection = await connectEvents({ servers: nats.url, name: 'test' });
  closers.push(() => connection.close());
  await mkdir(join(folder, 'images'));
  await writeFile(join(folder, 'labels.json'), '{}');
});
afterEach(async () => {
  for (const close of ofTest.splice(0).reverse()) await close();
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

/** Looked at, but never opened: the services are scripted. */
function spec(changes: object = {}): PipelineSpec {
  const uri = (name: string): string => pathToFileURL(join(folder, name)).href;
  const data = { annotationsUri: uri('labels.json'), imagesUri: uri('images') };
  const addresses = {
    labeled: data,
    validation: data,
    unlabeled: { uri: uri('images') },
    outputUri: uri('out'),
  };
  return pipelineSpec({ ...addresses, arms: ['scratch'], ...changes });
}

interface Trainer {
  readonly pipelines: Pipelines;
  readonly jobs: Jobs<Pipeline>;
}

/** One replica. */
async function trainer(
  services: ScriptedServices,
  { findings = [], parallelStages = 8 }: { findings?: PipelineFinding[]; parallelStages?: number } = {},
): Promise<Trainer> {
  const found = { findings, data: [], engine: '', parameters: 0, outputBytes: 0, freeBytes: 0 };
  const check = (): Promise<typeof found> => Promise.resolve(found);
  const jobs = await runJobs<Pipeline, PipelineSpec>({
    noun: 'pipeline',
    type: Pipeline,
    specType: PipelineSpec,
    run: (lead) => runPipeline(lead, { services, check, logger, parallelStages, pollMs: 10 }),
    result: () => '',
    connection,
    bus: await openEvents(connection),
    source: 'trainer',
    logger,
    leaseMs: 1500,
  });
  ofTest.push(() => jobs.stop());
  return { pipelines: openPipelines({ jobs, services, logger }), jobs };
}

const until = (
  { pipelines }: Trainer,
  id: string,
  fits: (pipeline: Pipeline) => boolean,
): Promise<Pipeline> =>
  vi.waitUntil(async () => {
    const pipeline = await pipelines.get(id);
    return fits(pipeline) && pipeline;
  }, PATIENT);
async function end({ pipelines }: Trainer, id: string): Promise<Pipeline> {
  for await (const _ of pipelines.watch(id, AbortSignal.timeout(50_000)));
  return pipelines.get(id);
}
const resultOf = ({ status }: Pipeline): unknown => [
  status?.state,
  status?.error?.code,
  status?.error?.message,
];

describe('a pipeline', () => {
  it('does each stage once, after what it needs, and ends with the report', async () => {
    const services = scriptedServices();
    const one = await trainer(services, { parallelStages: 2 });
    await one.pipelines.start('whole', spec({ arms: [], seeds: [1, 2] }));
    const ended = await end(one, 'whole');
    expect(ended.status).toMatchObject({
      state: JobState.JOB_STATE_SUCCEEDED,
      progress: { done: 14, total: 14, message: '' },
    });
    expect(new Set(services.started).size).toBe(services.started.length);
    expect(services.started).toHaveLength(14);
    expect(services.mostRunning()).toBeLessThanOrEqual(2);
    expect(ended.stages.map(({ jobId }) => `whole-${jobId.slice('whole-'.length)}`)).toEqual(
      ended.stages.map(({ name }) => `whole-${name.replaceAll('/', '-')}`),
    );
    expect(ended.report!.arms).toMatchObject([
      { name: 'warmup', metrics: { boxAP: { mean: 0.25, std: 0, seeds: [0.25, 0.25] } } },
      { name: 'scratch', checkpointDigests: [expect.any(String), expect.any(String)] },
    ]);
  });

  it('never runs more stages than it may, also where an early one waits behind a late one', async () => {
    const services = scriptedServices();
    services.automatic = false;
    const one = await trainer(services, { parallelStages: 2 });
    await one.pipelines.start('narrow', spec({ arms: [], threshold: 0.3 }));
    await vi.waitUntil(() => services.started.length === 2, PATIENT);
    expect(services.started).toEqual(['trainer narrow-labeler', 'trainer narrow-finetune-scratch-1']);
    services.end('narrow-labeler');
    await vi.waitUntil(() => services.started.length === 3, PATIENT);
    services.automatic = true;
    await end(one, 'narrow');
    expect(services.mostRunning()).toBe(2);
  });

  it('ends with the first finding of its check, before any stage', async () => {
    const services = scriptedServices();
    const finding = { field: 'PipelineSpec.validation', code: 'NOT_FOUND', message: 'no such file' };
    const one = await trainer(services, { findings: [finding, finding] });
    await one.pipelines.start('checked', spec());
    expect(resultOf(await end(one, 'checked'))).toEqual([
      JobState.JOB_STATE_FAILED,
      'NOT_FOUND',
      'PipelineSpec.validation: no such file (and 1 more: cassl run --check)',
    ]);
    expect(services.started).toEqual([]);
  });

  it('ends with the stage that failed, and goes on there when it is resumed', async () => {
    const services = scriptedServices();
    services.failing.set('fails-evaluate-finetune-scratch-1', { code: 'DATA_LOSS', message: 'a hole' });
    const one = await trainer(services);
    await one.pipelines.start('fails', spec());
    expect(resultOf(await end(one, 'fails'))).toEqual([
      JobState.JOB_STATE_FAILED,
      'DATA_LOSS',
      'stage evaluate/finetune/scratch/1: a hole',
    ]);
    await one.pipelines.resume('fails');
    expect((await end(one, 'fails')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(services.resumed).toEqual(['fails-evaluate-finetune-scratch-1']);
    expect(services.started).toHaveLength(2);
  });

  it('ends where one of its stages was cancelled by somebody', async () => {
    const services = scriptedServices();
    services.automatic = false;
    const one = await trainer(services);
    await one.pipelines.start('stolen', spec());
    await vi.waitUntil(() => services.started.length === 1, PATIENT);
    services.end('stolen-finetune-scratch-1', cancelledStatus);
    expect(resultOf(await end(one, 'stolen'))).toEqual([
      JobState.JOB_STATE_FAILED,
      'CANCELLED',
      'stage finetune/scratch/1: was cancelled',
    ]);
  });

  it('waits for a service that is away, says so, goes on with the others meanwhile, and says it no longer', async () => {
    const services = scriptedServices();
    services.away.set('evaluator', unavailable('evaluator is away'));
    const one = await trainer(services);
    await one.pipelines.start('waits', spec({ arms: ['none'], threshold: 0.3 }));
    const waiting = await until(one, 'waits', ({ stages }) => stages.some(({ name }) => name === 'warmup'));
    expect(services.started).toContain('labeler waits-labeling');
    expect(waiting.status!.state).toBe(JobState.JOB_STATE_RUNNING);
    await until(one, 'waits', ({ status }) => status!.progress!.message === 'waiting: evaluator is away');
    // From here on nothing ends by itself: what does not wait for the evaluator must be over.
    const isOver = ({ name, status }: PipelineStage): boolean =>
      name === 'warmup' && status!.state === JobState.JOB_STATE_SUCCEEDED;
    await until(one, 'waits', ({ stages }) => stages.some(isOver));
    services.automatic = false;
    services.away.clear();
    await until(
      one,
      'waits',
      ({ status }) => status!.progress!.message === 'evaluate/labeler, evaluate/warmup',
    );
    services.automatic = true;
    expect((await end(one, 'waits')).status!.attempt).toBe(1);
  });

  it('says in its own status what one of its stages waits for', async () => {
    const services = scriptedServices();
    services.automatic = false;
    const one = await trainer(services);
    await one.pipelines.start('asks', spec());
    await vi.waitUntil(() => services.started.length === 1, PATIENT);
    const message = 'paused: the teacher labels nothing';
    services.end('asks-finetune-scratch-1', (status) => ({ ...status, progress: jobProgress({ message }) }));
    const words = `finetune/scratch/1 (${message})`;
    await until(one, 'asks', ({ status }) => status!.progress!.message === words);
    services.automatic = true;
    expect((await end(one, 'asks')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  });

  it('is gone on with by another replica, which starts nothing twice', async () => {
    const services = scriptedServices();
    services.automatic = false;
    const first = await trainer(services);
    await first.pipelines.start('handed', spec());
    await vi.waitUntil(() => services.started.length === 1, PATIENT);
    const second = await trainer(services);
    await first.jobs.stop();
    services.automatic = true;
    expect((await end(second, 'handed')).status).toMatchObject({
      state: JobState.JOB_STATE_SUCCEEDED,
      fence: 2,
    });
    expect(services.started).toHaveLength(2);
    expect(services.cancelled).toEqual([]);
  });

  it('starts a stage again whose job its service has lost', async () => {
    const services = scriptedServices();
    const lost = scriptedServices();
    services.automatic = false;
    const first = await trainer(services);
    await first.pipelines.start('lost', spec());
    await vi.waitUntil(() => services.started.length === 1, PATIENT);
    await first.jobs.stop();
    const second = await trainer(lost);
    expect((await end(second, 'lost')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(lost.started[0]).toBe('trainer lost-finetune-scratch-1');
  });
});

describe('a pipeline that is cancelled', () => {
  it('ends the stages that are going on, and no others', async () => {
    const services = scriptedServices();
    services.automatic = false;
    const one = await trainer(services);
    await one.pipelines.start('stopped', spec({ arms: [] }));
    await vi.waitUntil(() => services.started.length === 2, PATIENT);
    services.end('stopped-labeler');
    await vi.waitUntil(() => services.started.length > 2, PATIENT);
    const { status } = await one.pipelines.cancel('stopped');
    expect(status!.state).toBe(JobState.JOB_STATE_CANCELLED);
    expect(services.cancelled).not.toContain('stopped-labeler');
    expect([...services.cancelled].sort()).toEqual(
      services.started
        .map((line) => line.split(' ')[1]!)
        .filter((id) => id !== 'stopped-labeler')
        .sort(),
    );
  });

  it('says which stage it could not reach, and can be cancelled again', async () => {
    const services = scriptedServices();
    services.automatic = false;
    const one = await trainer(services);
    await one.pipelines.start('far', spec());
    await vi.waitUntil(() => services.started.length === 1, PATIENT);
    services.away.set('trainer', unavailable('trainer is away'));
    await expect(one.pipelines.cancel('far')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /^far is cancelled, but may still be in finetune\/scratch\/1 \(trainer is away\)/,
      ),
    });
    services.away.clear();
    await one.pipelines.cancel('far');
    expect(services.cancelled).toEqual(['far-finetune-scratch-1']);
  });
});

describe('the request for a pipeline', () => {
  const services = scriptedServices();
  let pipelines: Pipelines;
  beforeAll(async () => {
    const one = await trainer(services);
    pipelines = one.pipelines;
    closers.push(() => one.jobs.stop());
    ofTest.length = 0;
  });

  it.each([
    ['x'.repeat(91), {}, 'must have at most 90 characters, got 91'],
    ['a b', {}, 'must be 1 to 128 of [A-Za-z0-9_-]'],
    ['p', { name: 'Upper' }, 'PipelineSpec.name must be 1 to 64 of [a-z0-9-], got "Upper"'],
    ['p', { finetune: undefined }, 'PipelineSpec.finetune is missing'],
    ['p', { threshold: 1 }, 'PipelineSpec.threshold must be in [0, 1), got 1'],
    ['p', { holdoutFraction: 0.51 }, 'PipelineSpec.holdout_fraction must be in [0, 0.5], got 0.51'],
    ['p', { seeds: [1, 1] }, 'PipelineSpec.seeds must differ from each other, got 1, 1'],
    [
      'p',
      { arms: ['warmup', 'hot'] },
      'PipelineSpec.arms must be of warmup, scratch, control, joint, none, got "hot"',
    ],
    ['p', { arms: ['none', 'warmup'] }, 'PipelineSpec.arms: "none" stands alone'],
    ['p', { classSpecific: true, entities: true }, 'class_specific and entities exclude each other'],
    ['p', { warmupLabels: 'WARMUP_LABELS_TRUTH' }, 'which needs unlabeled_truth'],
    ['p', { outputUri: 'out' }, 'PipelineSpec.output_uri'],
    ['p', { ranks: 5 }, 'schedule.batch_size must be at least 5'],
  ])('is refused before anything starts: %s %o', async (id, changes, message) => {
    await expect(pipelines.start(id, spec(changes))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    expect(services.started).toEqual([]);
  });

  it('returns the pipeline of the same id, and names the field that differs', async () => {
    const one = await trainer(services);
    await one.pipelines.start('twice', spec());
    expect((await one.pipelines.start('twice', spec())).status!.id).toBe('twice');
    await expect(one.pipelines.start('twice', spec({ threshold: 0.5 }))).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('spec.threshold is'),
    });
    await end(one, 'twice');
    await expect(one.pipelines.resume('twice')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await expect(one.pipelines.cancel('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
