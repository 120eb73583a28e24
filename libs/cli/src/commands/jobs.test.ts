import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateScenes } from '@cassl/datasets';
import { EvaluatorServiceDefinition, TrainerServiceDefinition, TrainingSpec } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withJobs } from '../jobs/open-jobs.ts';
import { writeEndpoints } from '../local/find-services.ts';
import { startLocalServices, type LocalServices } from '../local/start-local-services.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

let home = '';
let services: LocalServices;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-jobs-'));
  await generateScenes({ out: join(home, 'data'), labeled: 4, unlabeled: 0, val: 2, size: 64, seed: 1 });
  const roots = { data: [home], output: [home] };
  services = await startLocalServices({ home, roots, names: ['registry', 'evaluator', 'trainer'] });
  await writeEndpoints(home, services);
  const trainer = createClient(TrainerServiceDefinition, services.endpoints.trainer);
  await trainer.startTraining({ id: 'long', spec: training(100_000) });
  // Nothing is published under this name: it fails at once.
  const evaluator = createClient(EvaluatorServiceDefinition, services.endpoints.evaluator);
  await evaluator.startEvaluation({
    id: 'long',
    spec: { checkpoint: 'nobody/knows', dataset: dataset('val2017') },
  });
  trainer.close();
  evaluator.close();
}, 120_000);

afterAll(async () => {
  await services.stop();
  await rm(home, { recursive: true, force: true });
});

const dataset = (name: string) => ({
  annotationsUri: pathToFileURL(join(home, `data/annotations/instances_${name}.json`)).href,
  imagesUri: pathToFileURL(join(home, 'data', name)).href,
});

function training(iterations: number): TrainingSpec {
  return TrainingSpec.fromPartial({
    stage: 'STAGE_FINETUNE',
    model: { preset: 'tiny', overrides: { resizeLongSide: 64, resizeShortSide: 64 } },
    data: { $case: 'labeled', value: dataset('train2017') },
    schedule: { iterations, batchSize: 2, learningRate: 1e-3 },
  });
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function cassl(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'jobs', ...args, '--home', home], {
      env: { ...process.env, NO_COLOR: '1', CASSL_LABELER_ADDRESS: '' },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('cassl jobs', () => {
  it('lists all kinds, newest first, and says which service does not answer', async () => {
    const { code, out, err } = await cassl('list');
    expect(out.split('\n').map((line) => line.split(/\s+/)[0])).toEqual([
      'JOB',
      'evaluation/long',
      'training/long',
      '',
    ]);
    expect([code, err]).toEqual([1, expect.stringContaining('labeling jobs: ') as string]);
  }, 60_000);

  it('lists one kind as JSON lines of kind, id, state and job', async () => {
    const { code, out } = await cassl('list', '--kind', 'training', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      kind: 'training',
      id: 'long',
      job: { spec: { stage: 'STAGE_FINETUNE' } },
    });
  }, 60_000);

  it('asks which job is meant where two kinds have its id', async () => {
    const { code, err } = await cassl('cancel', 'long');
    expect([code, err]).toEqual([
      2,
      'cassl: "long" is the id of several jobs: name one of training/long, evaluation/long\n',
    ]);
  }, 60_000);

  it('ends a watch as the job ended', async () => {
    const { code, err } = await cassl('watch', 'evaluation/long');
    expect(err).toContain('evaluation/long  failed');
    expect([code, err.trim().split('\n').at(-1)]).toEqual([
      2,
      expect.stringContaining('nobody/knows') as string,
    ]);
  }, 60_000);

  it('cancels a job, tries it again under its id, and shows its log', async () => {
    const cancelled = await cassl('cancel', 'training/long');
    expect([cancelled.code, cancelled.out]).toEqual([
      0,
      expect.stringContaining('training/long  cancelled') as string,
    ]);
    const retried = await cassl('retry', 'training/long', '--json');
    expect(JSON.parse(retried.out)).toMatchObject({ id: 'long', state: 'queued' });
    await cassl('cancel', 'training/long');
    const { out } = await cassl('logs', 'training/long');
    expect(out).toMatch(/trainer +info +leading the training/);
  }, 60_000);

  it.each([
    [['show', 'training/none'], 'there is no job "training/none"; `cassl jobs list` shows those there are'],
    [['show', 'odd/long'], 'the kind of a job must be training, labeling, evaluation, pipeline, got "odd"'],
    [['pause', 'training/long'], 'only labelings can do this; training/long is a training'],
  ])(
    '%j ends with 2',
    async (args, message) => {
      const { code, err } = await cassl(...args);
      expect([code, err]).toEqual([2, `cassl: ${message}\n`]);
    },
    60_000,
  );

  it('says what to do where no services run', async () => {
    await expect(withJobs(join(home, 'elsewhere'), () => Promise.resolve())).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('start them with `cassl up`') as string,
    });
  });
});
