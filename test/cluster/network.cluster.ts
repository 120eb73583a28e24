import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, eventually, HAS_NETWORK_POLICY, IMAGE_TAG, kubectl, makeNamespace } from './cluster.ts';
import { openRelease, type Release } from './release.ts';

let release: Release;
const STRANGERS = 'strangers';

/** A pod that tries to connect and says what came of it. */
async function connectFrom(namespace: string, host: string, port: number): Promise<string> {
  const name = `try-${port}-${Math.random().toString(36).slice(2, 8)}`;
  // A node learns of a new pod a moment after it started: until then its policies refuse it everything.
  const script = `setTimeout(()=>{const s=require('net').connect({host:'${host}',port:${port},timeout:4000});s.on('connect',()=>{console.log('connected');process.exit()});s.on('error',(e)=>{console.log(e.code);process.exit()});s.on('timeout',()=>{console.log('timeout');process.exit()})},8000)`;
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'try',
          image: `localhost/cassl:${IMAGE_TAG}`,
          command: ['node', '-e', script],
          resources: { requests: { cpu: '10m', memory: '32Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  });
  const phase = (): Promise<string> =>
    kubectl('-n', namespace, 'get', 'pod', name, '-o', 'jsonpath={.status.phase}');
  await eventually(phase, (text) => text === 'Succeeded', 120_000);
  return kubectl('-n', namespace, 'logs', name);
}

describe.skipIf(!HAS_NETWORK_POLICY)('network policies (skipped where no CNI enforces them)', () => {
  beforeAll(async () => {
    release = await openRelease('guarded');
    await makeNamespace(STRANGERS);
  }, 700_000);
  afterAll(async () => {
    await release.remove();
    await kubectl('delete', 'namespace', STRANGERS, '--wait=false');
  });

  it('let the neighbours of the namespace call, refuse a stranger, and keep the broker to the platform', async () => {
    const host = (component: string): string => `cassl-${component}.${release.namespace}.svc.cluster.local`;
    expect(await connectFrom(release.namespace, host('labeler'), 7102)).toBe('connected');
    expect(await connectFrom(STRANGERS, host('labeler'), 7102)).not.toBe('connected');
    expect(await connectFrom(STRANGERS, host('registry'), 7100)).not.toBe('connected');
    expect(await connectFrom(release.namespace, host('nats'), 4222)).not.toBe('connected');
    expect(await connectFrom(release.namespace, host('labeler'), 7104)).not.toBe('connected');
  });
});
