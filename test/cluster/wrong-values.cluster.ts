import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { isEnded } from '@cassl/jobs';
import { JobState, type JobStatus } from '@cassl/proto';
import { errorCode, errorMessage } from '@cassl/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMicroData, microPipeline } from '../micro-pipeline.ts';
import {
  apply,
  eventually,
  helm,
  HELM4,
  kubectl,
  makeNamespace,
  NODE,
  podsOf,
  smallValues,
} from './cluster.ts';
import { handOver, openRelease, publishMicroLabeler, type Release } from './release.ts';

/** A port that the chart's network policies let the platform reach as an object store. */
const STORE_PORT = 9000;
const STORE = `http://${NODE}:${STORE_PORT}`;
const KEYS = 's3-keys';

/** An S3 endpoint whose keys may do nothing, answering as S3 does. */
function startDenyingStore(): Promise<Server> {
  const body =
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  return new Promise((resolve) => {
    server.listen(STORE_PORT, '0.0.0.0', () => resolve(server));
  });
}

const storeValues = [
  `objectStore.endpoint=${STORE}`,
  `objectStore.existingSecret=${KEYS}`,
  'addresses.read={s3://photos}',
  'addresses.write={s3://labels}',
];

async function makeKeys(namespace: string): Promise<void> {
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: KEYS, namespace },
    stringData: { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' },
  });
}

/** Every line that the pods of a component have printed, of this container and the one before. */
async function logsOf(namespace: string, component: string): Promise<string> {
  const args = ['-n', namespace, 'logs', '-l', `app.kubernetes.io/component=${component}`, '--tail=-1'];
  const [now, before] = await Promise.all([kubectl(...args), kubectl(...args, '--previous').catch(() => '')]);
  return `${before}\n${now}`;
}

describe('values that only the cluster can find wrong', () => {
  let release: Release;
  let store: Server;
  const namespace = 'wrong-values';
  beforeAll(async () => {
    store = await startDenyingStore();
    await makeNamespace(namespace);
    await makeKeys(namespace);
    release = await openRelease(namespace, storeValues);
  }, 700_000);
  afterAll(async () => {
    store.close();
    await release.remove();
  });

  it('a bucket without rights: the request is refused, with the bucket in the words', async () => {
    const { clients, sharedFolder } = release;
    await makeMicroData(join(sharedFolder, 'scenes'));
    handOver(sharedFolder);
    const checkpoint = await publishMicroLabeler(clients);
    const start = (id: string, pool: string, outputUri: string): Promise<unknown> =>
      clients.labeler.startLabeling({ id, spec: { checkpoint, pool: { uri: pool, limit: 0 }, outputUri } });
    const refused = await start('out', 'file:///data/scenes/unlabeled2017', 's3://labels/out').catch(
      (error: unknown) => error,
    );
    expect([errorCode(refused), errorMessage(refused)]).toEqual([
      'FAILED_PRECONDITION',
      expect.stringMatching(/output_uri.*s3:\/\/labels.*Access ?Denied/i),
    ]);

    const failed = await start('in', 's3://photos/2026', 'file:///data/labels').then(
      async () => {
        const end = await eventually(
          async () => (await clients.labeler.getLabeling({ id: 'in' })).labeling!,
          ({ status }) => isEnded(status),
          120_000,
        );
        return end.status?.error?.message ?? '';
      },
      (error: unknown) => errorMessage(error),
    );
    expect(failed).toMatch(/s3:\/\/photos/);
    expect(failed).toMatch(/Access ?Denied/i);
  });

  it('a registry that is down: the pipeline waits and says for whom, and goes on when it is back', async () => {
    const { clients, sharedFolder } = release;
    const scenes = await makeMicroData(join(sharedFolder, 'more'));
    handOver(sharedFolder);
    const data = JSON.parse(
      JSON.stringify(scenes).replaceAll(`file://${sharedFolder}`, 'file:///data'),
    ) as typeof scenes;
    const scale = (count: number): Promise<string> =>
      kubectl('-n', namespace, 'scale', 'deployment/cassl-registry', `--replicas=${count}`);
    await scale(0);
    await eventually(
      () => podsOf(namespace, 'registry'),
      (pods) => pods.length === 0,
      120_000,
    );
    const spec = microPipeline(data, 'file:///data/out', { threshold: 0.005 });
    await clients.pipelines.start({ id: 'waits', spec });
    const words = async (): Promise<string> => {
      const { status } = (await clients.pipelines.get({ id: 'waits' })).pipeline!;
      const { trainings } = await clients.trainer.listTrainings({});
      return [status, ...trainings.map((training) => training.status)]
        .map((each) => each?.progress?.message ?? '')
        .join('\n');
    };
    expect(await eventually(words, (text) => text.includes('registry'), 300_000)).toMatch(/registry/);
    await scale(1);
    const labeler = async (): Promise<JobStatus | undefined> =>
      (await clients.pipelines.get({ id: 'waits' })).pipeline!.stages.find(({ name }) => name === 'labeler')
        ?.status;
    const end = await eventually(labeler, isEnded, 600_000);
    expect(end?.error).toBeUndefined();
    expect(end?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    await clients.pipelines.cancel({ id: 'waits' });
  }, 1_200_000);

  it('blobs in a bucket without rights: the registry says so in its log and does not become ready', async () => {
    const wrong = smallValues([...storeValues, 'objectStore.blobsUri=s3://models/cassl']);
    await helm(HELM4, 'upgrade', 'cassl', 'helm/cassl', '-n', namespace, ...wrong);
    const log = await eventually(
      () => logsOf(namespace, 'registry').catch(String),
      (text) => /s3:\/\/models/.test(text),
      240_000,
    );
    expect(log).toMatch(/Access ?Denied/i);
  }, 400_000);

  it('a secret that is missing: the notes name it, and so does the pod', async () => {
    const missing = smallValues([...storeValues, 'auth.existingSecret=not-there']);
    const { stdout } = await helm(HELM4, 'upgrade', 'cassl', 'helm/cassl', '-n', namespace, ...missing);
    expect(stdout).toContain('the secret not-there does not exist in wrong-values');
    const path = '{range .items[*].status.containerStatuses[*]}{.state.waiting.message}{"\\n"}{end}';
    const waiting = (): Promise<string> => kubectl('-n', namespace, 'get', 'pods', '-o', `jsonpath=${path}`);
    expect(await eventually(waiting, (text) => text.includes('not-there'), 180_000)).toContain(
      'secret "not-there" not found',
    );
  }, 400_000);

  it('an image that cannot be pulled: the pod names it', async () => {
    const absent = smallValues([...storeValues, 'image.tag=absent']);
    await helm(HELM4, 'upgrade', 'cassl', 'helm/cassl', '-n', namespace, ...absent);
    const path = '{range .items[*].status.containerStatuses[*]}{.state.waiting.reason} {.image}{"\\n"}{end}';
    const waiting = (): Promise<string> => kubectl('-n', namespace, 'get', 'pods', '-o', `jsonpath=${path}`);
    const cannotPull = /(ErrImagePull|ImagePullBackOff) localhost\/cassl:absent/;
    expect(await eventually(waiting, (text) => cannotPull.test(text), 240_000)).toMatch(cannotPull);
  }, 400_000);
});
