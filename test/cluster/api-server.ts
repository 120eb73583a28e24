import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import getPort from 'get-port';
import { ROOT } from '../helm/render-chart.ts';

const run = promisify(execFile);
const START_DEADLINE_MS = 180_000;

/** An API server without nodes: enough to ask whether it would take an object. */
export interface ApiServer {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** Starts etcd and the given kube-apiserver in a folder of their own; who has its kubeconfig may do everything. */
export async function startApiServer(binary: string, etcd: string): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-api-server-'));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(children.reverse().map(end));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [clients, peers, port] = [await getPort(), await getPort(), await getPort()];
    const store = `http://127.0.0.1:${clients}`;
    const peer = `http://127.0.0.1:${peers}`;
    children.push(start(etcd, etcdFlags(folder, store, peer)));
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const token = randomUUID();
    await writeFile(join(folder, 'tokens.csv'), `${token},tester,tester\n`);
    children.push(start(binary, apiServerFlags(folder, store, port)));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(port, token)));
    await isReady(kubeconfig);
    return { kubeconfig, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function etcdFlags(folder: string, store: string, peer: string): string[] {
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${store}`,
    `--advertise-client-urls=${store}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

function apiServerFlags(folder: string, store: string, port: number): string[] {
  return [
    `--etcd-servers=${store}`,
    `--cert-dir=${folder}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--authorization-mode=AlwaysAllow',
    `--token-auth-file=${folder}/tokens.csv`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${folder}/sa.pub`,
    `--service-account-signing-key-file=${folder}/sa.key`,
    '--service-cluster-ip-range=10.97.0.0/16',
    // No controller makes the accounts that it would look for.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

function kubeconfigOf(port: number, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'other',
    contexts: [{ name: 'other', context: { cluster: 'other', user: 'tester' } }],
    clusters: [
      {
        name: 'other',
        cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
      },
    ],
    users: [{ name: 'tester', user: { token } }],
  };
}

function start(program: string, flags: readonly string[]): ChildProcess {
  return spawn(program, flags, { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

async function isReady(kubeconfig: string): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  const ask = (): Promise<boolean> =>
    run(`${ROOT}.tools/bin/kubectl`, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], {
      timeout: 10_000,
    }).then(
      ({ stdout }) => stdout.trim() === 'ok',
      () => false,
    );
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`no API server within ${START_DEADLINE_MS} ms`);
    await delay(500);
  }
}
