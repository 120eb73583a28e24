import { join } from 'node:path';
import { isEnded } from '@cassl/jobs';
import { JobState, type Pipeline } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineEnd } from '../clients.ts';
import { makeMicroData, microPipeline } from '../micro-pipeline.ts';
import { eventually, helm, HELM4, install, kubectl, podsOf } from './cluster.ts';
import { handOver, openRelease, type Release } from './release.ts';

/** Ids of the jobs whose Jobs are there, ended or not. */
async function jobIds(namespace: string, kind: string): Promise<string[]> {
  const text = await kubectl('-n', namespace, 'get', 'jobs', '-l', `cassl/kind=${kind}`, '-o', 'json');
  const { items } = JSON.parse(text) as { items: { metadata: { annotations: Record<string, string> } }[] };
  return items.map(({ metadata }) => metadata.annotations['cassl/id']!).sort();
}

let release: Release;
beforeAll(async () => {
  release = await openRelease('pipeline');
}, 700_000);
afterAll(() => release.remove());

describe('a pipeline in the cluster', () => {
  it('ends with a report although every service is killed and the release upgraded and rolled back meanwhile', async () => {
    const { clients, namespace, sharedFolder } = release;
    const scenes = await makeMicroData(join(sharedFolder, 'scenes'));
    handOver(sharedFolder);
    // The same addresses as the pods see them.
    const data = JSON.parse(
      JSON.stringify(scenes).replaceAll(`file://${sharedFolder}`, 'file:///data'),
    ) as typeof scenes;
    // Four seeds: enough stages that upgrade and rollback end before the pipeline does.
    const spec = microPipeline(data, 'file:///data/out', { seeds: [1, 2, 3, 4] });
    await clients.pipelines.start({ id: 'hurt', spec });
    const get = async (): Promise<Pipeline> => (await clients.pipelines.get({ id: 'hurt' })).pipeline!;
    for (const [done, component] of ['trainer', 'registry', 'labeler', 'evaluator', 'nats'].entries()) {
      await eventually(get, ({ status }) => (status?.progress?.done ?? 0) >= done, 300_000);
      for (const pod of await podsOf(namespace, component)) {
        await kubectl('-n', namespace, 'delete', 'pod', pod, '--grace-period=0', '--force');
      }
    }
    await install(HELM4, namespace, ['logLevel=debug']);
    const midway = await eventually(get, () => true, 60_000);
    // An end before it was hurt enough proves nothing; a failure shows its reason here.
    expect({ error: midway.status?.error, isEnded: isEnded(midway.status) }).toEqual({ isEnded: false });
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
  }, 1_500_000);
});
