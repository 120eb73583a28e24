import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readLabelFiles } from '@cassl/labels';
import { isEnded } from '@cassl/jobs';
import { JobState, type Pipeline } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClients, pipelineEnd, until, type Clients } from './clients.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { makeMicroData, microPipeline, type MicroData } from './micro-pipeline.ts';

let cluster: Cluster;
let clients: Clients;
let data: MicroData;

beforeAll(async () => {
  cluster = await startCluster({ replicas: { trainer: 2, labeler: 2, evaluator: 2 } });
  clients = openClients(cluster.endpoints);
  data = await makeMicroData(join(cluster.home, 'scenes'));
}, 240_000);

afterAll(async () => {
  clients.close();
  await cluster.stop();
}, 120_000);

async function start(id: string): Promise<void> {
  const output = pathToFileURL(join(cluster.home, id)).href;
  await clients.pipelines.start({ id, spec: microPipeline(data, output) });
}

/** What a run made, without its times and ids. */
async function outcome(id: string): Promise<object> {
  const { pipeline } = await clients.pipelines.get({ id });
  const { labeling } = await clients.labeler.getLabeling({ id: `${id}-labeling` });
  const labels: object[] = [];
  for await (const record of readLabelFiles(labeling!.labelUris)) labels.push(record);
  const { arms, labeler, warmup, pseudoLabels } = pipeline!.report!;
  return { arms, labeler, warmup, pseudoLabels, labels };
}

/** The leader of a stage's job, or of the pipeline itself, once there is one; none where it has ended before. */
async function leaderOf(id: string, stage: string): Promise<string> {
  const look = async (): Promise<Pipeline> => (await clients.pipelines.get({ id })).pipeline!;
  const statusIn = (pipeline: Pipeline): Pipeline['status'] =>
    stage === 'pipeline' ? pipeline.status : pipeline.stages.find(({ name }) => name === stage)?.status;
  const isLed = (pipeline: Pipeline): boolean => {
    const status = statusIn(pipeline);
    return isEnded(pipeline.status) || isEnded(status) || (status?.leader ?? '') !== '';
  };
  const status = statusIn(await until(look, isLed));
  return isEnded(status) ? '' : (status?.leader ?? '');
}

describe('a pipeline over two replicas of trainer, labeler and evaluator', () => {
  it('whose leaders are killed at each stage ends as one that nobody disturbed', async () => {
    await start('undisturbed');
    const { status } = await pipelineEnd(clients, 'undisturbed');
    expect(status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, fence: 1 });

    await start('disturbed');
    const killed: string[] = [];
    for (const stage of [
      'labeler',
      'threshold',
      'pipeline',
      'warmup',
      'evaluate/warmup',
      'finetune/warmup/1',
    ]) {
      if (await cluster.replaceLeader(await leaderOf('disturbed', stage))) killed.push(stage);
    }
    const ended = await pipelineEnd(clients, 'disturbed');
    expect(ended.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED });
    expect(ended.status!.fence).toBeGreaterThan(1);
    expect(killed.length, killed.join(', ')).toBeGreaterThanOrEqual(4);
    expect(await outcome('disturbed')).toEqual(await outcome('undisturbed'));
  }, 600_000);
});
