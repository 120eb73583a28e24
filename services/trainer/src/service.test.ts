import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { processPlace } from '@cassl/cluster';
import { connectEvents, openEvents, startNatsServer } from '@cassl/events';
import { runJobs } from '@cassl/jobs';
import { JobState, TrainerServiceDefinition, Training, TrainingSpec } from '@cassl/proto';
import { createClient, createLogger, serve, type RpcClient } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainerService } from './service.ts';
import { runTraining } from './training/run-training.ts';

/** Stands for a worker, by the number of iterations; each attempt leaves a letter in its folder. */
const WORKER = `
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
const [, , folder] = process.argv;
const { spec } = JSON.parse(readFileSync(folder + '/job.json', 'utf8'));
appendFileSync(folder + '/attempts', 'x');
const attempt = readFileSync(folder + '/attempts', 'utf8').length;
const say = (message) => new Promise((resolve) => process.send(message, resolve));
const point = (iteration) => say({ type: 'progress', point: { iteration, learningRate: 0.1, losses: { total: 1 / iteration }, imagesPerSecond: 8 } });
const total = spec.schedule.iterations;
const resumedFrom = attempt === 1 ? 0 : 2;
// Of the second attempt the checkpoint knows a point that no record has.
const curve = attempt === 1 ? [] : [0, 1, 2].map((iteration) => ({ iteration, learningRate: 0.1, losses: { total: 1 }, imagesPerSecond: 8 }));
await say({ type: 'started', engine: 'scripted', resumedFrom, curve, notes: ['attempt ' + attempt] });
for (let iteration = resumedFrom + 1; iteration <= Math.min(total, 4); iteration += 1) await point(iteration);
writeFileSync(folder + '/resume.safetensors', '');
if (total === 5 && attempt === 1) await say({ type: 'failed', code: 'UNAVAILABLE', message: 'the registry is away' }).then(() => process.exit(1));
if (total === 6 && attempt === 1) await new Promise(() => setInterval(() => {}, 1000));
if (total === 7) process.exit(0);
if (total === 8) await say({ type: 'failed', code: 'FAILED_PRECONDITION', message: 'the loss was not finite' }).then(() => process.exit(2));
writeFileSync(folder + '/model.safetensors', 'weights');
await say({ type: 'publishing' });
await say({ type: 'published', digest: 'd'.repeat(64) });
process.exit(0);
`;

let folder: string;
let client: RpcClient<TrainerServiceDefinition>;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-trainer-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'images'));
  await writeFile(join(folder, 'labels.json'), '{}');
  const entry = join(folder, 'worker.mjs');
  await writeFile(entry, WORKER);
  const nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  closers.push(() => nats.stop());
  const connection = await connectEvents({ servers: nats.url, name: 'test' });
  closers.push(() => connection.close());
  const place = processPlace({ entries: { training: entry } });
  closers.push(() => place.close());
  const logger = createLogger({ name: 'test', level: 'silent' });
  const options = { place, dataDir: join(folder, 'jobs'), registryAddress: 'registry:7100', logger };
  const jobs = await runJobs<Training, TrainingSpec>({
    noun: 'training',
    type: Training,
    specType: TrainingSpec,
    run: (lead) => runTraining(lead, options),
    result: ({ checkpointDigest }) => checkpointDigest,
    connection,
    bus: await openEvents(connection),
    source: 'trainer',
    logger,
  });
  closers.push(() => jobs.stop());
  const server = await serve({ name: 'trainer', services: [trainerService(jobs)], logger });
  closers.push(() => server.stop({ drainMs: 500 }));
  client = createClient(TrainerServiceDefinition, server.address, { security: {} });
  closers.push(() => Promise.resolve(client.close()));
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function start(id: string, iterations: number, changes: object = {}): Promise<Training> {
  const uri = (name: string): string => pathToFileURL(join(folder, name)).href;
  const spec = TrainingSpec.fromPartial({
    model: { preset: 'tiny' },
    data: {
      $case: 'labeled',
      value: { annotationsUri: uri('labels.json'), imagesUri: uri('images') },
    },
    schedule: { iterations, batchSize: 4, learningRate: 0.1 },
    ...changes,
  });
  return (await client.startTraining({ id, spec })).training!;
}

async function watch(id: string, until: (training: Training) => boolean = () => false): Promise<Training[]> {
  const seen: Training[] = [];
  for await (const { training } of client.watchTraining({ id }, { signal: AbortSignal.timeout(30_000) })) {
    seen.push(training!);
    if (until(training!)) break;
  }
  return seen;
}
const end = async (id: string): Promise<Training> => {
  await watch(id);
  return (await client.getTraining({ id })).training!;
};
const attempts = async (id: string): Promise<number> =>
  (await readFile(join(folder, 'jobs', id, 'attempts'), 'utf8')).length;

describe('a training', () => {
  it('ends with the digest of what it published, its whole curve, and nothing left that the registry has', async () => {
    expect((await start('good', 4)).status!.progress).toMatchObject({ total: 4, unit: 'iterations' });
    const ended = await end('good');
    expect(ended).toMatchObject({
      status: { state: JobState.JOB_STATE_SUCCEEDED, progress: { done: 4, total: 4, message: '' } },
      checkpointDigest: 'd'.repeat(64),
      engine: 'scripted',
      notes: ['attempt 1'],
    });
    expect(ended.curve.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4]);
    expect(await readdir(join(folder, 'jobs/good'))).not.toContain('resume.safetensors');
    expect(await readdir(join(folder, 'jobs/good'))).not.toContain('model.safetensors');
  });

  it('goes on after an outage where its worker says it goes on, and keeps no point twice', async () => {
    await start('outage', 5);
    const ended = await end('outage');
    expect(ended).toMatchObject({ resumedFrom: 2, notes: ['attempt 2'], status: { attempt: 2 } });
    expect(ended.curve.map(({ iteration }) => iteration)).toEqual([0, 1, 2, 3, 4]);
  });

  it('tells a watcher each point once, however the messages are cut', async () => {
    await start('watched', 4);
    const seen = await watch('watched');
    const told = seen.flatMap(({ curve }) => curve.map(({ iteration }) => iteration));
    expect(told).toEqual([1, 2, 3, 4]);
  });

  it('says its speed and what is left of it, from the images of a second', async () => {
    await start('speed', 6);
    const at = (training: Training): boolean => training.status!.progress!.done === 4;
    const { progress } = (await watch('speed', at)).at(-1)!.status!;
    expect(progress).toMatchObject({ rate: 2, etaSeconds: 1, message: 'loss 0.250' });
    await client.cancelTraining({ id: 'speed' });
  });

  it('is stopped by a cancel, keeps its checkpoint, and is resumed on other ranks', async () => {
    await start('stopped', 6);
    await watch('stopped', ({ curve }) => curve.some(({ iteration }) => iteration === 4));
    const { training } = await client.cancelTraining({ id: 'stopped' });
    expect(training!.status!.state).toBe(JobState.JOB_STATE_CANCELLED);
    await access(join(folder, 'jobs/stopped/resume.safetensors'));
    await expect(client.resumeTraining({ id: 'stopped', ranks: 5 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('schedule.batch_size must be at least 5'),
    });
    await client.resumeTraining({ id: 'stopped', ranks: 2 });
    const ended = await end('stopped');
    expect(ended).toMatchObject({
      status: { state: JobState.JOB_STATE_SUCCEEDED },
      resumedFrom: 2,
      spec: { ranks: 2 },
    });
    await expect(client.resumeTraining({ id: 'stopped' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });

  it('fails with what its worker said, or after a few attempts where it made nothing', async () => {
    await start('diverged', 8);
    expect((await end('diverged')).status).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      error: { code: 'FAILED_PRECONDITION', message: 'the loss was not finite' },
    });
    await start('empty', 7);
    expect((await end('empty')).status).toMatchObject({
      error: { code: 'INTERNAL', message: 'the training worker ended without a checkpoint' },
    });
    expect(await attempts('empty')).toBe(4);
  });

  it('is listed newest first, by state, without its curve', async () => {
    await start('older', 4);
    await start('newer', 4);
    await Promise.all(['older', 'newer'].map(end));
    const { trainings } = await client.listTrainings({ state: JobState.JOB_STATE_SUCCEEDED });
    const ids = trainings.map(({ status }) => status!.id);
    expect(ids.indexOf('newer')).toBeLessThan(ids.indexOf('older'));
    expect(trainings.flatMap(({ curve }) => curve)).toEqual([]);
    const failed = await client.listTrainings({ state: JobState.JOB_STATE_QUEUED });
    expect(failed.trainings).toEqual([]);
  });

  it('is refused at once where it can never run, and unknown where it was never started', async () => {
    await expect(client.startTraining({ id: 'x', spec: undefined })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(start('..', 4)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const call of ['getTraining', 'cancelTraining', 'resumeTraining'] as const) {
      await expect(client[call]({ id: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});
