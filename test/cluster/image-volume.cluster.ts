import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, eventually, IMAGE_TAG, kubectl, openNodePort } from './cluster.ts';
import { openRelease, publishMicroLabeler, type Release } from './release.ts';

let release: Release;
let registryHttp: string;
let digest: string;
beforeAll(async () => {
  release = await openRelease('image-volume');
  digest = await publishMicroLabeler(release.clients);
  await release.clients.registry.setAlias({ alias: 'team/warmup@prod', reference: digest });
  registryHttp = await openNodePort(release.namespace, 'registry', 7180);
}, 900_000);
afterAll(() => release?.remove(), 300_000);

/** A pod that mounts an image of the registry as a volume and prints the SHA-256 of a file in it. */
function reader(name: string, reference: string, file: string): object {
  const script = `process.stdout.write(require('node:crypto').createHash('sha256').update(require('node:fs').readFileSync('${file}')).digest('hex'))`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: release.namespace, labels: { app: 'reader' } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      volumes: [{ name: 'weights', image: { reference, pullPolicy: 'Always' } }],
      containers: [
        {
          name: 'reader',
          image: `localhost/cassl:${IMAGE_TAG}`,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '-e', script],
          volumeMounts: [{ name: 'weights', mountPath: '/weights', readOnly: true }],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '160Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  };
}

/** What the pod printed, once it ended; while it does not, what the kubelet says of it. */
async function printed(name: string): Promise<string> {
  const pod = ['-n', release.namespace, 'get', 'pod', name, '-o', 'jsonpath={.status.phase}'];
  await eventually(
    () => kubectl(...pod),
    (phase) => phase === 'Succeeded' || phase === 'Failed',
    180_000,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${await kubectl('-n', release.namespace, 'describe', 'pod', name)}`);
  });
  return kubectl('-n', release.namespace, 'logs', name);
}

describe('an image volume of the kubelet', () => {
  // containerd speaks plain HTTP to the node itself alone, so the reference is the NodePort at 127.0.0.1.
  const reference = (name: string): string => `127.0.0.1:${registryHttp.split(':')[1] ?? ''}/${name}`;

  it('is an alias of the registry, with the bytes of the stored blob', async () => {
    await apply(reader('by-alias', reference('team/warmup:prod'), '/weights/models/model.safetensors'));
    expect(await printed('by-alias')).toBe(digest);
  }, 300_000);

  it('of a name that is not there keeps the pod waiting, and the event names it', async () => {
    await apply(reader('of-nothing', reference('team/nothing:prod'), '/weights/models/model.safetensors'));
    await eventually(
      () => kubectl('-n', release.namespace, 'describe', 'pod', 'of-nothing'),
      (text) => /team\/nothing:prod.*not found/s.test(text),
      120_000,
    );
  }, 180_000);
});
