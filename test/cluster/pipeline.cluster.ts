import { join } from 'node:path';
import { isEnded } from '@cassl/jobs';
import { JobState, type JobStatus, type Pipeline } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineEnd, type Clients } from '../clients.ts';
import { makeMicroData, microPipeline } from '../micro-pipeline.ts';
import { eventually, helm, HELM4, install, kubectl, podsOf } from './cluster.ts';
import { handOver, openRelease, type Release } from './release.ts';

/** Ids of the jobs whose Jobs are there, ended or not. */
async function jobIds(namespace: string, kind: string): Promise<string[]> {
  const text = await kubectl('-n', namespace, 'get', 'jobs', '-l', `cassl/kind=${kind}`, '-o', 'json');
  const { items } = JSON.parse(text) as { items: { metadata: { annotations: Record<string, string> } }[] };
  return items.map(({ metadata }) => metadata.annotations['cassl/id']!).sort();
}

/** Pods of Jobs go to nodes with this label alone: without it a pipeline waits, however fast the machine is. */
const GATE = 'gate=open';
const VALUES = [`jobs.nodeSelector.${GATE}`];
const openGate = (): Promise<string> => kubectl('label', 'nodes', '--all', '--overwrite', GATE);
const closeGate = (): Promise<string> => kubectl('label', 'nodes', '--all', 'gate-');

let release: Release;
beforeAll(async () => {
  await openGate();
  release = await openRelease('pipeline', VALUES);
}, 700_000);
afterAll(async () => {
  await closeGate();
  await release.remove();
});

const pipelineOf = async ({ pipelines }: Clients): Promise<Pipeline> =>
  (await pipelines.get({ id: 'hurt' })).pipeline!;

/** Takes every service's pods away, each a stage later than the one before. */
async function killServices({ clients, namespace }: Release): Promise<void> {
  for (const [done, component] of ['trainer', 'registry', 'labeler', 'evaluator', 'nats'].entries()) {
    await eventually(
      () => pipelineOf(clients),
      ({ status }) => (status?.progress?.done ?? 0) >= done,
      400_000,
    );
    for (const pod of await podsOf(namespace, component)) {
      await kubectl('-n', namespace, 'delete', 'pod', pod, '--grace-period=0', '--force');
    }
  }
}

/** What the jobs that have not ended wait for. */
async function waitsFor({ trainer, evaluator }: Clients): Promise<string> {
  const [{ trainings }, { jobs: evaluations }] = await Promise.all([
    trainer.listTrainings({}),
    evaluator.listEvaluations({}),
  ]);
  const all: readonly (JobStatus | undefined)[] = [...trainings, ...evaluations].map(({ status }) => status);
  const open = all.filter((status) => !isEnded(status));
  return open.map((status) => status?.progress?.message ?? '').join('\n');
}

describe('a pipeline in the cluster', () => {
  it('ends with a report although every service is killed and the release upgraded and rolled back meanwhile', async () => {
    const { clients, namespace, sharedFolder } = release;
    const scenes = await makeMicroData(join(sharedFolder, 'scenes'));
    handOver(sharedFolder);
    // The same addresses as the pods see them.
    const data = JSON.parse(
      JSON.stringify(scenes).replaceAll(`file://${sharedFolder}`, 'file:///data'),
    ) as typeof scenes;
    // A teacher of six steps finds hardly anything; a labeling that leaves nothing pauses and asks for a human.
    const spec = microPipeline(data, 'file:///data/out', { threshold: 0.005 });
    await clients.pipelines.start({ id: 'hurt', spec });
    await killServices(release);

    await closeGate();
    await install(HELM4, namespace, [...VALUES, 'logLevel=debug']);
    const asked = await eventually(
      () => waitsFor(clients),
      (words) => words.includes('no node takes its pod'),
      300_000,
    );
    expect(asked).toMatch(/node affinity|selector/);
    const midway = await eventually(
      () => pipelineOf(clients),
      () => true,
      60_000,
    );
    // An end before it was hurt enough proves nothing; a failure shows its reason here.
    expect({ error: midway.status?.error, isEnded: isEnded(midway.status) }).toEqual({ isEnded: false });
    await openGate();
    await helm(HELM4, 'rollback', 'cassl', '1', '-n', namespace, '--wait', '--timeout', '9m');

    const pipeline = await pipelineEnd(clients, 'hurt', 800_000);
    expect(pipeline.status?.error).toBeUndefined();
    expect(pipeline.status?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(pipeline.report?.arms.map(({ name }) => name)).toEqual(['warmup', 'scratch']);
    // Every training and evaluation was one Job, whoever led it; none was started a second time.
    const { trainings } = await clients.trainer.listTrainings({});
    expect(trainings.length).toBeGreaterThanOrEqual(4);
    expect(await jobIds(namespace, 'training')).toEqual(trainings.map(({ status }) => status!.id).sort());
    expect(await jobIds(namespace, 'evaluation')).not.toEqual([]);
  }, 2_400_000);
});
