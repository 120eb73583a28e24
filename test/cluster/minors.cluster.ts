import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderChart } from '../helm/render-chart.ts';
import { VALUE_SETS } from '../helm/value-sets.ts';
import { startApiServer, type ApiServer } from './api-server.ts';
import { apply, eventually, kubectl, makeNamespace } from './cluster.ts';

const BIN = join(process.env.CASSL_K8S_DIR ?? '', 'bin');
/** API servers of other minors, built by test/cluster/build-other-minor.sh. */
const OTHERS = readdirSync(BIN).filter((name) => name.startsWith('kube-apiserver-'));
const NATIVE = Object.entries(VALUE_SETS).filter(([, { apis }]) => apis === undefined);
const NAMESPACE = 'dry-run';

async function dryRun(options: (typeof NATIVE)[number][1]): Promise<string> {
  const items = (await renderChart(options)).map((manifest) => ({
    ...manifest,
    metadata: { ...manifest.metadata, namespace: NAMESPACE },
  }));
  return apply({ apiVersion: 'v1', kind: 'List', items }, '--dry-run=server', '--validate=strict');
}

describe("the cluster's API server, asked with strict validation and no change", () => {
  beforeAll(async () => {
    await makeNamespace(NAMESPACE);
    // The pod of the test is asked about its account, which nothing has made here.
    await apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'cassl', namespace: NAMESPACE },
    });
  });
  afterAll(() => kubectl('delete', 'namespace', NAMESPACE, '--wait=false'));

  it.each(NATIVE)('takes every object of %s and warns of nothing', async (_name, options) => {
    expect(await dryRun(options)).toBe('');
  });
});

describe.each(OTHERS)('%s', (binary) => {
  let server: ApiServer | undefined;
  const ours = process.env.KUBECONFIG;
  beforeAll(async () => {
    server = await startApiServer(join(BIN, binary), join(BIN, 'etcd'));
    process.env.KUBECONFIG = server.kubeconfig;
    await eventually(() => makeNamespace(NAMESPACE).then(() => true), Boolean, 60_000);
  }, 300_000);
  afterAll(async () => {
    process.env.KUBECONFIG = ours;
    await server?.close();
  });

  it('is the minor that its name says', async () => {
    const { serverVersion } = JSON.parse(await kubectl('version', '-o', 'json')) as {
      serverVersion: { gitVersion: string };
    };
    expect(`kube-apiserver-${serverVersion.gitVersion.slice(1)}`).toBe(binary);
  });

  it.each(NATIVE)('takes every object of %s and warns of nothing', async (_name, options) => {
    expect(await dryRun(options)).toBe('');
  });
});

describe.skipIf(OTHERS.length > 0)('another minor of Kubernetes', () => {
  it.skip('is asked where test/cluster/build-other-minor.sh built its API server', () => undefined);
});
