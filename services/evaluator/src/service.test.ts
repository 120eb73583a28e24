import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processPlace } from '@cassl/cluster';
import { unavailable } from '@cassl/errors';
import { connectEvents, openEvents, startNatsServer } from '@cassl/events';
import { runJobs } from '@cassl/jobs';
import {
  EvaluationJob,
  EvaluationSpec,
  EvaluatorServiceDefinition,
  JobState,
  type AttachEvaluationRequest,
} from '@cassl/proto';
import { createClient, createLogger, serve, type RpcClient } from '@cassl/rpc';
import type { RegistryClient } from '@cassl/workers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDataset } from './evaluation.fixture.ts';
import { runEvaluation } from './run-evaluation.ts';
import { evaluatorService } from './service.ts';

/** Stands for a worker: does what the checkpoint's name says, and counts its attempts in its folder. */
const WORKER = `
import { appendFileSync, readFileSync } from 'node:fs';
const [, , folder] = process.argv;
const { spec } = JSON.parse(readFileSync(folder + '/job.json', 'utf8'));
appendFileSync(folder + '/attempts', 'x');
const attempts = readFileSync(folder + '/attempts', 'utf8').length;
const measured = { metrics: { 'bbox/AP': 0.5 }, sweep: [], bestThreshold: 0, imageCount: 3, datasetDigest: 'd',
  checkpointDigest: 'c'.repeat(64), detectionsUri: 'file:///out/detections.json', notes: ['a note'] };
process.send({ type: 'progress', done: 2, total: 3 });
const done = () => process.send({ type: 'measured', measured }, () => process.exit(0));
if (spec.checkpoint === 'endless' && attempts === 1) setInterval(() => {}, 1000);
else if (spec.checkpoint === 'unknown') process.send({ type: 'failed', code: 'NOT_FOUND', message: 'no such checkpoint' }, () => process.exit(2));
else if (spec.checkpoint === 'silent') process.exit(0);
else done();
`;

let folder: string;
let client: RpcClient<EvaluatorServiceDefinition>;
const attached: AttachEvaluationRequest[] = [];
let failures = 0;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-evaluator-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const nats = await startNatsServer({ storeDir: join(folder, 'nats') });
  closers.push(() => nats.stop());
  const connection = await connectEvents({ servers: nats.url, name: 'test' });
  closers.push(() => connection.close());
  const entry = join(folder, 'worker.mjs');
  await writeFile(entry, WORKER);
  const place = processPlace({ entries: { evaluation: entry } });
  closers.push(() => place.close());
  const registry: Pick<RegistryClient, 'attachEvaluation'> = {
    attachEvaluation: (request) => {
      attached.push(request as AttachEvaluationRequest);
      if (failures > 0) {
        failures -= 1;
        return Promise.reject(unavailable('the registry is away'));
      }
      return Promise.resolve({ digest: '' });
    },
  };
  const logger = createLogger({ name: 'test', level: 'silent' });
  const options = { place, registry: registry as RegistryClient, registryAddress: '', dataDir: folder };
  const jobs = await runJobs<EvaluationJob, EvaluationSpec>({
    noun: 'evaluation',
    type: EvaluationJob,
    specType: EvaluationSpec,
    run: (lead) => runEvaluation(lead, options),
    result: ({ detectionsUri }) => detectionsUri,
    connection,
    bus: await openEvents(connection),
    source: 'evaluator',
    logger,
  });
  closers.push(() => jobs.stop());
  const server = await serve({ name: 'evaluator', services: [evaluatorService(jobs)], logger });
  closers.push(() => server.stop({ drainMs: 500 }));
  client = createClient(EvaluatorServiceDefinition, server.address, { security: {} });
  closers.push(() => Promise.resolve(client.close()));
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function start(id: string, changes: Partial<EvaluationSpec> = {}): Promise<EvaluationJob> {
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const dataset = await writeDataset(data);
  const spec = EvaluationSpec.fromPartial({ checkpoint: 'good', dataset, ...changes });
  return (await client.startEvaluation({ id, spec })).job!;
}

async function states(
  id: string,
  until: (job: EvaluationJob) => boolean = () => false,
): Promise<EvaluationJob[]> {
  const seen: EvaluationJob[] = [];
  for await (const { job } of client.watchEvaluation({ id }, { signal: AbortSignal.timeout(30_000) })) {
    seen.push(job!);
    if (until(job!)) break;
  }
  return seen;
}
const end = async (id: string): Promise<EvaluationJob> => (await states(id)).at(-1)!;
const attempts = async (id: string): Promise<number> =>
  (await readFile(join(folder, 'evaluations', id, 'attempts'), 'utf8')).length;

describe('an evaluation', () => {
  it('ends with the numbers, which are attached to the checkpoint that was measured', async () => {
    expect((await start('good')).status).toMatchObject({ id: 'good', progress: { unit: 'images' } });
    const ended = await end('good');
    expect(ended).toMatchObject({
      status: { state: JobState.JOB_STATE_SUCCEEDED, progress: { done: 3, total: 3, message: '' } },
      evaluation: { id: 'good', metrics: { 'bbox/AP': 0.5 }, imageCount: 3 },
      detectionsUri: 'file:///out/detections.json',
      notes: ['a note'],
    });
    expect(attached.filter(({ evaluation }) => evaluation!.id === 'good')).toMatchObject([
      { reference: 'c'.repeat(64), evaluation: { datasetUri: ended.spec!.dataset!.annotationsUri } },
    ]);
  });

  it('that is detached is attached to nothing', async () => {
    await start('detached', { detached: true });
    expect((await end('detached')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(attached.filter(({ evaluation }) => evaluation!.id === 'detached')).toEqual([]);
  });

  it('waits for a registry that is away, and is attached once it is back', async () => {
    failures = 1;
    await start('waits');
    expect((await end('waits')).status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, attempt: 2 });
    expect(attached.filter(({ evaluation }) => evaluation!.id === 'waits')).toHaveLength(2);
  });

  it('fails with what its worker said', async () => {
    await start('refused', { checkpoint: 'unknown' });
    expect((await end('refused')).status).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      error: { code: 'NOT_FOUND', message: 'no such checkpoint' },
      attempt: 1,
    });
  });

  it('fails after a few attempts where its worker says nothing', async () => {
    await start('silent', { checkpoint: 'silent' });
    expect((await end('silent')).status).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      error: { code: 'INTERNAL', message: 'the evaluation worker ended without numbers' },
    });
    expect(await attempts('silent')).toBe(4);
  });

  it('is stopped by a cancel, whose worker is gone when it answers, and begins anew when resumed', async () => {
    await start('endless', { checkpoint: 'endless' });
    await states('endless', ({ status }) => status!.progress!.done === 2);
    const { job } = await client.cancelEvaluation({ id: 'endless' });
    expect(job!.status!.state).toBe(JobState.JOB_STATE_CANCELLED);
    await client.resumeEvaluation({ id: 'endless' });
    expect((await end('endless')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(await attempts('endless')).toBe(2);
    await expect(client.resumeEvaluation({ id: 'endless' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });

  it('is refused at once where it can never run', async () => {
    await expect(client.startEvaluation({ id: 'empty', spec: undefined })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(start('a b')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const call of ['getEvaluation', 'cancelEvaluation', 'resumeEvaluation'] as const) {
      await expect(client[call]({ id: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('the list of evaluations', () => {
  it('is newest first, by page and by state', async () => {
    await start('page-1');
    await start('page-2');
    await Promise.all(['page-1', 'page-2'].map(end));
    const first = await client.listEvaluations({ pageSize: 1 });
    expect(first.jobs.map(({ status }) => status!.id)).toEqual(['page-2']);
    const second = await client.listEvaluations({ pageSize: 1, pageToken: first.nextPageToken });
    expect(second.jobs.map(({ status }) => status!.id)).toEqual(['page-1']);
    const state = JobState.JOB_STATE_CANCELLED;
    expect((await client.listEvaluations({ state })).jobs).toEqual([]);
    await expect(client.listEvaluations({ pageSize: 501 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
