import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isEnded } from '@cassl/jobs';
import { JobState, Labeling } from '@cassl/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeMicroData } from '../micro-pipeline.ts';
import { ROOT } from '../helm/render-chart.ts';
import { eventually, HELM4, IMAGE_TAG, install, kubectl } from './cluster.ts';
import { handOver, openRelease, publishMicroLabeler, type Release } from './release.ts';

const NAMESPACE = 'backup';
let release: Release;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-backup-'));
  release = await openRelease(NAMESPACE);
}, 700_000);
afterAll(async () => {
  await release.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A line of the documentation, with pipes and redirections as written there, for this namespace and image. */
async function shell(line: string): Promise<void> {
  const env = { ...process.env, PATH: `${ROOT}.tools/bin:${process.env.PATH ?? ''}` };
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', line], {
    cwd: folder,
    env,
    timeout: 300_000,
  });
}

/** The documented commands between a heading's fences, this release's namespace and image put in. */
async function documented(): Promise<{ before: string; away: string; back: string }> {
  const page = await readFile(join(ROOT, 'docs/kubernetes.md'), 'utf8');
  const block = /kubectl -n cassl scale deployment --all[^`]*/.exec(page)?.[0] ?? '';
  const pod = await readFile(join(ROOT, 'k8s/examples/backup-pod.yaml'), 'utf8');
  const file = join(folder, 'backup-pod.yaml');
  await writeFile(
    file,
    pod
      .replace('namespace: cassl', `namespace: ${NAMESPACE}`)
      .replace('cassl:0.1.0', `localhost/cassl:${IMAGE_TAG}`),
  );
  const [scale, start, copy, restore] = block
    .replaceAll('-n cassl', `-n ${NAMESPACE}`)
    .replace('k8s/examples/backup-pod.yaml', file)
    .trim()
    .split('\n');
  return { before: `${scale}\n${start}`, away: copy!, back: restore! };
}

async function whatIsKnown({ clients }: Release): Promise<{ checkpoints: string[]; labeling: unknown }> {
  const { checkpoints } = await clients.registry.listCheckpoints({});
  const { labeling } = await clients.labeler.getLabeling({ id: 'kept' });
  return { checkpoints: checkpoints.map(({ digest }) => digest), labeling: Labeling.toJSON(labeling!) };
}

it('registry and streams are copied while the release stands still, and restored into empty volumes', async () => {
  const { clients, sharedFolder } = release;
  await makeMicroData(join(sharedFolder, 'scenes'));
  handOver(sharedFolder);
  await clients.labeler.startLabeling({
    id: 'kept',
    spec: {
      checkpoint: await publishMicroLabeler(clients),
      pool: { uri: 'file:///data/scenes/unlabeled2017', limit: 0 },
      options: { threshold: 0.05, maxDetections: 5 },
      outputUri: 'file:///data/labels',
    },
  });
  const end = await eventually(
    async () => (await clients.labeler.getLabeling({ id: 'kept' })).labeling!,
    ({ status }) => isEnded(status),
    300_000,
  );
  expect(end.status?.error).toBeUndefined();
  expect(end.status?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  const before = await whatIsKnown(release);
  expect(before.checkpoints).toHaveLength(1);

  const steps = await documented();
  await shell(steps.before);
  await shell(steps.away);
  const inPod = ['-n', NAMESPACE, 'exec', 'backup', '--', 'sh', '-c'];
  await kubectl(...inPod, 'find /volumes/registry /volumes/streams -mindepth 1 -delete');
  expect(await kubectl(...inPod, 'find /volumes/registry /volumes/streams -mindepth 1 | wc -l')).toBe('0');
  await shell(steps.back);
  await kubectl('-n', NAMESPACE, 'delete', 'pod', 'backup', '--now');
  await install(HELM4, NAMESPACE);

  const after = await eventually(
    () => whatIsKnown(release),
    ({ checkpoints }) => checkpoints.length > 0,
    120_000,
  );
  expect(after).toEqual(before);
}, 1_500_000);
