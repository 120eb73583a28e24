import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '@cassl/errors';
import { CHART, HELMS, ROOT } from '../helm/render-chart.ts';

const run = promisify(execFile);

/** Set by scripts/test-cluster.sh, which runs these tests inside the first node's network. */
export const IMAGE_TAG = process.env.CASSL_TEST_IMAGE_TAG ?? '0.1.0';
/** The first node's address: NodePorts answer there. */
export const NODE = '172.30.0.1';
const NODES = '172.30.0.0/24';
export const HAS_KEDA = process.env.CASSL_TEST_KEDA === '1';
export const HAS_NETWORK_POLICY = process.env.CASSL_TEST_NETPOL === '1';

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

async function call(program: string, args: readonly string[], timeoutMs: number): Promise<Output> {
  return run(program, args, { timeout: timeoutMs, maxBuffer: 1 << 26, cwd: ROOT });
}

export async function kubectl(...args: readonly string[]): Promise<string> {
  return (await call(`${ROOT}.tools/bin/kubectl`, args, 180_000)).stdout.trim();
}

/** kubectl with an object on stdin; answers what it said on stderr, where warnings are. */
export async function kubectlWith(object: unknown, ...args: readonly string[]): Promise<string> {
  const child = run(`${ROOT}.tools/bin/kubectl`, args, { timeout: 60_000 });
  child.child.stdin?.end(JSON.stringify(object));
  return (await child).stderr;
}

export async function apply(object: unknown, ...options: readonly string[]): Promise<string> {
  return kubectlWith(object, 'apply', '-f', '-', ...options);
}

/** A namespace that takes restricted pods alone, and warns. */
export async function makeNamespace(name: string): Promise<void> {
  const levels = ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']);
  await apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: Object.fromEntries(levels) },
  });
}

export async function helm(binary: string, ...args: readonly string[]): Promise<Output> {
  return call(binary, args, 600_000);
}

/** Values of an installation that fits a small machine; calls reach it at NodePorts. */
export function smallValues(more: readonly string[] = []): string[] {
  const components = ['registry', 'trainer', 'labeler', 'evaluator', 'labelWorkers', 'jobs', 'test'];
  const set = [
    'image.registry=localhost',
    `image.tag=${IMAGE_TAG}`,
    'nats.bundled.enabled=true',
    'nats.bundled.size=1Gi',
    'sharedVolume.size=1Gi',
    'registry.persistence.size=1Gi',
    'labelWorkers.autoscaling.kind=none',
    ...components.flatMap((name) => [
      `${name}.resources.requests.cpu=10m`,
      `${name}.resources.requests.memory=64Mi`,
    ]),
    ...more,
  ];
  // Tests call from a node, which is no pod of the namespace.
  const clients = [{ podSelector: {} }, { ipBlock: { cidr: NODES } }];
  return ['--set', set.join(','), '--set-json', `networkPolicy.clients=${JSON.stringify(clients)}`];
}

/** Installs or upgrades the release `cassl` and waits until it is ready. */
export async function install(
  binary: string,
  namespace: string,
  more: readonly string[] = [],
  chart: string = CHART,
): Promise<Output> {
  const wait = ['--wait', '--timeout', '9m'];
  return helm(binary, 'upgrade', '--install', 'cassl', chart, '-n', namespace, ...wait, ...smallValues(more));
}

export const HELM4 = HELMS[0]!;
export const HELM3 = HELMS[1]!;

/** A way from outside to a service of the release: a Service of type NodePort. */
export async function openNodePort(namespace: string, component: string, port: number): Promise<string> {
  const name = `outside-${component}`;
  await apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      type: 'NodePort',
      selector: { 'app.kubernetes.io/instance': 'cassl', 'app.kubernetes.io/component': component },
      ports: [{ port, targetPort: port }],
    },
  });
  const nodePort = Number(
    await kubectl('-n', namespace, 'get', 'service', name, '-o', 'jsonpath={.spec.ports[0].nodePort}'),
  );
  await eventually(() => connects(NODE, nodePort), Boolean, 90_000);
  return `${NODE}:${nodePort}`;
}

/** Whether something listens there: a node learns of a new Service a moment after the API server. */
function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const end = (isThere: boolean) => (): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

/** Asks until the answer fits; a service that is away, because a test took its pod away, is asked again. */
export async function eventually<T>(
  ask: () => Promise<T>,
  fits: (value: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let last: unknown; ;) {
    try {
      const value = await ask();
      if (fits(value)) return value;
      last = value;
    } catch (error) {
      if (!['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(errorCode(error))) throw error;
      last = errorMessage(error);
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${JSON.stringify(last)}`);
    await delay(500);
  }
}

/** Names of a component's pods that run. */
export async function podsOf(namespace: string, component: string): Promise<string[]> {
  const selector = `app.kubernetes.io/component=${component}`;
  const path = '{range .items[?(@.status.phase=="Running")]}{.metadata.name}{"\\n"}{end}';
  const text = await kubectl('-n', namespace, 'get', 'pods', '-l', selector, '-o', `jsonpath=${path}`);
  return text.split('\n').filter((name) => name !== '');
}
