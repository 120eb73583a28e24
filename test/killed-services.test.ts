import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { readLabelFiles, type LabelRecord } from '@cassl/labels';
import { JobState, type PipelineStage, type Training } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClients, pipelineEnd, until, type Clients } from './clients.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { makeMicroData, microPipeline, microStage, MICRO_MODEL, type MicroData } from './micro-pipeline.ts';

let cluster: Cluster;
let clients: Clients;
let data: MicroData;

beforeAll(async () => {
  cluster = await startCluster();
  clients = openClients(cluster.endpoints);
  data = await makeMicroData(join(cluster.home, 'scenes'));
}, 180_000);

afterAll(async () => {
  clients.close();
  await cluster.stop();
}, 120_000);

async function labelsOf(id: string): Promise<LabelRecord[]> {
  const { labeling } = await clients.labeler.getLabeling({ id });
  const records = [];
  for await (const record of readLabelFiles(labeling!.labelUris)) records.push(record);
  return records;
}

/** The stage of a pipeline, once it has begun. */
async function begun(id: string, name: string): Promise<PipelineStage> {
  const look = async (): Promise<PipelineStage | undefined> =>
    (await clients.pipelines.get({ id })).pipeline?.stages.find((stage) => stage.name === name);
  const isBusy = (stage: PipelineStage | undefined): boolean =>
    stage !== undefined && stage.status?.state !== JobState.JOB_STATE_QUEUED;
  return (await until(look, isBusy))!;
}

describe('kill -9', () => {
  it('of everything in turn leaves a pipeline that ends with the labels of an undisturbed one', async () => {
    const pool = { uri: data.pool, limit: 0 };
    const spec = microPipeline(data, pathToFileURL(join(cluster.home, 'killed')).href, { shardSize: 2 });
    await clients.pipelines.start({ id: 'killed', spec });

    await begun('killed', 'labeler');
    await cluster.kill('trainer');
    await delay(300);
    await cluster.start('trainer');
    await until(() => Promise.resolve(cluster.killWorker('trainer', 'worker.ts')), Boolean);

    await begun('killed', 'evaluate/labeler');
    await cluster.kill('evaluator');
    await cluster.start('evaluator');

    await begun('killed', 'labeling');
    await cluster.kill('labeler');
    await cluster.start('labeler');
    await until(() => Promise.resolve(cluster.killWorker('labeler', 'label-worker.ts')), Boolean);
    await cluster.kill('nats-server');
    await delay(500);
    await cluster.start('nats-server');

    await begun('killed', 'warmup');
    await cluster.kill('registry');
    await delay(300);
    await cluster.start('registry');

    const pipeline = await pipelineEnd(clients, 'killed', 400_000);
    expect(pipeline.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED });
    const killed = await labelsOf('killed-labeling');

    const { labeling } = await clients.labeler.getLabeling({ id: 'killed-labeling' });
    await clients.labeler.startLabeling({
      id: 'undisturbed',
      spec: { ...labeling!.spec, pool, outputUri: pathToFileURL(join(cluster.home, 'undisturbed')).href },
    });
    const isDone = (answer: Awaited<ReturnType<Clients['labeler']['getLabeling']>>): boolean =>
      answer.labeling?.status?.state === JobState.JOB_STATE_SUCCEEDED;
    await until(() => clients.labeler.getLabeling({ id: 'undisturbed' }), isDone);
    const undisturbed = await labelsOf('undisturbed');

    expect(killed).toHaveLength(data.poolSize);
    expect(new Set(killed.map(({ key }) => key)).size).toBe(data.poolSize);
    expect(killed).toEqual(undisturbed);
  }, 500_000);

  it('of a training worker resumes from the last checkpoint, says so, and ends where it would have ended', async () => {
    const spec = {
      stage: 'STAGE_LABELER' as const,
      data: { $case: 'labeled' as const, value: data.labeled },
      ...microStage(24),
      model: MICRO_MODEL,
      seed: 3,
      checkpointEvery: 4,
    };
    const read = async (id: string): Promise<Training> =>
      (await clients.trainer.getTraining({ id })).training!;
    const isOver = ({ status }: Training): boolean => status?.finishedAt !== undefined;
    await clients.trainer.startTraining({ id: 'whole', spec: spec });
    const whole = await until(() => read('whole'), isOver);

    await clients.trainer.startTraining({ id: 'broken', spec: spec });
    await until(
      () => read('broken'),
      ({ status }) => (status?.progress?.done ?? 0) >= 8,
    );
    expect(cluster.killWorker('trainer', 'worker.ts')).toBe(true);
    const broken = await until(() => read('broken'), isOver);

    expect(broken.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, attempt: 2 });
    expect(broken.resumedFrom).toBeGreaterThanOrEqual(4);
    expect(broken.resumedFrom % 4).toBe(0);
    expect(broken.curve.map(({ iteration }) => iteration)).toEqual(
      whole.curve.map(({ iteration }) => iteration),
    );
    expect(broken.checkpointDigest).toBe(whole.checkpointDigest);
  }, 240_000);

  it('cancels a training and keeps it cancelled over a restart', async () => {
    const spec = {
      data: { $case: 'labeled' as const, value: data.labeled },
      ...microStage(100_000),
      model: MICRO_MODEL,
      seed: 3,
    };
    await clients.trainer.startTraining({ id: 'long', spec: spec });
    await until(
      () => clients.trainer.getTraining({ id: 'long' }),
      ({ training }) => training?.status?.state === JobState.JOB_STATE_RUNNING,
    );
    const { training } = await clients.trainer.cancelTraining({ id: 'long' });
    expect(training!.status!.state).toBe(JobState.JOB_STATE_CANCELLED);
    await cluster.kill('trainer');
    await cluster.start('trainer');
    const after = await until(
      () => clients.trainer.getTraining({ id: 'long' }),
      () => true,
    );
    expect(after.training!.status!.state).toBe(JobState.JOB_STATE_CANCELLED);
  }, 120_000);
});
