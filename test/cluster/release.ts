import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { Stage } from '@cassl/proto';
import { publishCheckpointFile } from '@cassl/rpc';
import { openClients, type Clients } from '../clients.ts';
import { MICRO_MODEL } from '../micro-pipeline.ts';
import {
  eventually,
  helm,
  HELM4,
  install,
  kubectl,
  kubectlWith,
  makeNamespace,
  openNodePort,
} from './cluster.ts';

/** An installed release that a test may call and hurt. */
export interface Release {
  readonly namespace: string;
  readonly clients: Clients;
  /** The folder of this machine that pods see as /data. */
  readonly sharedFolder: string;
  remove(): Promise<void>;
}

export async function openRelease(
  namespace: string,
  more: readonly string[] = [],
  chart?: string,
): Promise<Release> {
  await makeNamespace(namespace);
  await install(HELM4, namespace, more, chart);
  const clients = openClients({
    registry: await openNodePort(namespace, 'registry', 7100),
    trainer: await openNodePort(namespace, 'trainer', 7101),
    labeler: await openNodePort(namespace, 'labeler', 7102),
    evaluator: await openNodePort(namespace, 'evaluator', 7103),
  });
  const volume = await kubectl(
    '-n',
    namespace,
    'get',
    'pvc',
    'cassl-shared',
    '-o',
    'jsonpath={.spec.volumeName}',
  );
  const sharedFolder = await kubectl(
    'get',
    'pv',
    volume,
    '-o',
    'jsonpath={.spec.local.path}{.spec.hostPath.path}',
  );
  return {
    namespace,
    clients,
    sharedFolder,
    async remove() {
      clients.close();
      await helm(HELM4, 'uninstall', 'cassl', '-n', namespace, '--wait').catch(() => undefined);
      await kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=120s').catch(() => undefined);
    },
  };
}

/** Gives files that this test wrote to the user of the pods. */
export function handOver(folder: string): void {
  execFileSync('chown', ['-R', '65532:65532', folder]);
}

/** Publishes a labeler that never learned anything and finds something everywhere. */
export async function publishMicroLabeler({ registry }: Clients): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-micro-'));
  try {
    await openEngine({
      engine: 'wasm',
      threads: 1,
      logger: { info: () => undefined, warn: () => undefined },
    });
    const detector = createDetector(detectorPreset('tiny', { ...MICRO_MODEL.overrides, classes: 1 }), {
      seed: 1,
    });
    const file = join(folder, 'model.safetensors');
    await writeSafetensors(file, await detector.stateDict(), { format: 'pt' });
    const manifest = {
      stage: Stage.STAGE_LABELER,
      model: { ...detector.config },
      categories: [{ id: 1, name: 'object' }],
    };
    const { checkpoint } = await publishCheckpointFile({ client: registry, file, manifest });
    return checkpoint!.digest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Kills the first process of a pod's container, as the kernel would. */
export async function killPod(namespace: string, pod: string): Promise<void> {
  const path = 'jsonpath={.spec.nodeName} {.status.containerStatuses[0].containerID}';
  const [node = '', id = ''] = (await kubectl('-n', namespace, 'get', 'pod', pod, '-o', path)).split(' ');
  const index = node.replace('node-', '');
  const script = `${process.env.CASSL_TEST_LOCAL}/on.sh`;
  execFileSync('bash', [
    script,
    index,
    'ctr',
    '-n',
    'k8s.io',
    'tasks',
    'kill',
    '-s',
    'SIGKILL',
    id.replace('containerd://', ''),
  ]);
}

export async function evictPod(namespace: string, pod: string): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
  await kubectlWith(
    eviction,
    'create',
    '--raw',
    `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`,
    '-f',
    '-',
  );
}

export async function rolledOut(namespace: string, component: string): Promise<void> {
  await eventually(
    () =>
      kubectl('-n', namespace, 'rollout', 'status', `deployment/cassl-${component}`, '--timeout=170s').catch(
        String,
      ),
    (text) => text.includes('successfully rolled out'),
    600_000,
  );
}
