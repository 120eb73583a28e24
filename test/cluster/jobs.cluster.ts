import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { createLogger } from '@cassl/rpc';
import { runWork, sweepOrphans, type Task, type Work, type WorkPlace } from '@cassl/cluster';
import { kubernetesPlace } from '@cassl/cluster/kubernetes';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderChart } from '../helm/render-chart.ts';
import { apply, eventually, IMAGE_TAG, kubectl, makeNamespace } from './cluster.ts';
import { evictPod } from './release.ts';

const NAMESPACE = 'jobs';
const logger = createLogger({ name: 'test', level: 'silent' });
const IMAGE = `localhost/cassl:${IMAGE_TAG}`;
let folder: string;
let place: WorkPlace;

/** What the worker does is its script: `MODE` chooses. */
const SCRIPT = `
const say = (m) => console.log(JSON.stringify(m));
say({ type: 'started', folder: process.argv.at(-1) });
console.error(JSON.stringify({ level: 'info', type: 'a line of the log', msg: 'no message' }));
const mode = process.env.MODE;
process.on('SIGTERM', () => { say({ type: 'handed back' }); process.exit(3); });
if (mode === 'good') { let n = 0; const t = setInterval(() => { say({ type: 'progress', n }); if (++n === 5) { clearInterval(t); process.off('SIGTERM', () => {}); process.exit(0); } }, 300); }
if (mode === 'long') setInterval(() => {}, 1000);
if (mode === 'once') setTimeout(() => process.exit(0), 15000);
if (mode === 'permanent') { say({ type: 'failed', code: 'NOT_FOUND', message: 'no such data' }); process.exitCode = 2; }
if (mode === 'memory') { const kept = []; setInterval(() => kept.push(Buffer.alloc(32 << 20, 1)), 10); }
`;

const container = (more: object): object => ({
  name: 'training',
  image: IMAGE,
  imagePullPolicy: 'IfNotPresent',
  command: ['node', '-e', SCRIPT, '--'],
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '160Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  ...more,
});
const template = (more: object = {}): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: '', namespace: NAMESPACE, labels: { 'app.kubernetes.io/instance': 'cassl' } },
  spec: {
    backoffLimit: 1,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'FailJob', onExitCodes: { containerName: 'training', operator: 'In', values: [2] } },
      ],
    },
    template: {
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 5,
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [container(more)],
      },
    },
  },
});

/** The rights of the chart's launcher, and nothing more. */
async function launcherConfig(): Promise<KubeConfig> {
  const objects = await renderChart({ set: ['nats.bundled.enabled=true'] });
  const kinds = ['ServiceAccount', 'Role', 'RoleBinding'];
  for (const object of objects.filter(({ kind }) => kinds.includes(kind))) {
    const text = JSON.stringify(object).replaceAll('"namespace":"cassl"', `"namespace":"${NAMESPACE}"`);
    await apply(JSON.parse(text));
  }
  const token = await kubectl('-n', NAMESPACE, 'create', 'token', 'cassl-launcher');
  const config = new KubeConfig();
  config.loadFromDefault();
  const cluster = config.getCurrentCluster()!;
  config.loadFromClusterAndUser(cluster, { name: 'launcher', token });
  return config;
}

async function openPlace(config: KubeConfig, release = 'cassl'): Promise<WorkPlace> {
  const templates: Record<string, string> = {};
  const kinds = {
    training: template(),
    absent: template({ image: 'localhost/absent:1' }),
    gpu: template({
      resources: {
        requests: { cpu: '10m', memory: '32Mi' },
        limits: { memory: '160Mi', 'nvidia.com/gpu': '1' },
      },
    }),
  };
  for (const [kind, job] of Object.entries(kinds)) {
    templates[kind] = join(folder, `${release}-${kind}.yaml`);
    await writeFile(templates[kind], stringify(job).replace('instance: cassl', `instance: ${release}`));
  }
  return kubernetesPlace({ templates, config, relistMs: 5000, logger });
}

let config: KubeConfig;
beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  folder = await mkdtemp(join(tmpdir(), 'cassl-jobs-'));
  config = await launcherConfig();
  place = await openPlace(config);
});
afterAll(async () => {
  await place.close();
  await rm(folder, { recursive: true, force: true });
  await kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
});

interface Heard {
  readonly messages: { type: string; n?: number }[];
  readonly news: string[];
}
const listen = (): Heard & Pick<Task, 'onMessage' | 'onNews'> => {
  const heard: Heard = { messages: [], news: [] };
  return {
    ...heard,
    onMessage: (message) => heard.messages.push(message as Heard['messages'][number]),
    onNews: (text) => heard.news.push(text),
  };
};
const task = (id: string, mode: string, more: Partial<Task> = {}): Task => ({
  kind: 'training',
  id,
  folder: '/data/x',
  env: { MODE: mode },
  ...listen(),
  ...more,
});
const podOf = async (work: Work): Promise<string> =>
  eventually(
    () =>
      kubectl(
        '-n',
        NAMESPACE,
        'get',
        'pods',
        '-l',
        `job-name=${work.name}`,
        '-o',
        'jsonpath={.items[*].metadata.name}',
      ),
    (name) => name !== '',
    60_000,
  );

describe('work as Jobs, with the rights of the chart alone', () => {
  it('hands on every message of its pod, once and in order, and no line of its log', async () => {
    const heard = listen();
    await runWork({
      place,
      kind: 'training',
      id: 'good',
      folder: '/data/x',
      env: { MODE: 'good' },
      signal: new AbortController().signal,
      ...heard,
    });
    expect(heard.messages).toEqual([
      { type: 'started', folder: '/data/x' },
      ...[0, 1, 2, 3, 4].map((n) => ({ type: 'progress', n })),
    ]);
  });

  it('fails at once on exit code 2, with what the worker said', async () => {
    const work = runWork({
      place,
      kind: 'training',
      id: 'bad',
      folder: '/',
      env: { MODE: 'permanent' },
      signal: new AbortController().signal,
      onMessage: () => undefined,
    });
    await expect(work).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'no such data' });
    const failed = await kubectl(
      '-n',
      NAMESPACE,
      'get',
      'jobs',
      '-l',
      'cassl/kind=training',
      '-o',
      'jsonpath={.items[?(@.metadata.annotations.cassl/id=="bad")].status.failed}',
    ).catch(() => '1');
    expect(failed).toMatch(/^1?$/);
  });

  it.each<[string, Partial<Task>, RegExp]>([
    ['memory', {}, /memory limit of 160Mi \(OOMKilled\): raise jobs.resources.limits.memory/],
    ['image', { kind: 'absent' }, /the image localhost\/absent:1 cannot be had/],
    ['gpus', { kind: 'gpu', gpus: 99 }, /no node has 99 free nvidia.com\/gpu: ask for fewer GPUs/],
  ])('says in words what is wrong: %s', async (mode, more, words) => {
    const heard = listen();
    const work = await place.start({ ...task(`words-${mode}`, mode), ...heard, ...more });
    await eventually(
      () => Promise.resolve(heard.news.join('\n')),
      (news) => words.test(news),
      90_000,
    );
    await work.stop();
  });

  it('goes on after an eviction with another pod, which counts as no failure', async () => {
    const heard = listen();
    const work = await place.start({ ...task('evicted', 'once'), ...heard });
    const pod = await podOf(work);
    await eventually(
      () => Promise.resolve(heard.messages.length),
      (count) => count > 0,
      60_000,
    );
    await evictPod(NAMESPACE, pod);
    expect(await work.ended).toEqual({ outcome: 'succeeded', reason: '' });
    expect(heard.messages.map(({ type }) => type)).toEqual(['started', 'handed back', 'started']);
    expect(heard.news.join()).toMatch(/taken away \(EvictionByEvictionAPI.*another pod follows/);
  });

  it('is adopted by the next launcher, running or ended', async () => {
    const first = await place.start(task('adopted', 'good'));
    await podOf(first);
    const second = await openPlace(config);
    expect(await second.running('training')).toContain('adopted');
    const heard = listen();
    const again = await second.start({ ...task('adopted', 'good'), ...heard });
    expect(again.name).toBe(first.name);
    expect(await again.ended).toEqual({ outcome: 'succeeded', reason: '' });
    expect(heard.messages).toHaveLength(6);
    await second.close();
  });

  it('whose end was told is followed by a new one, also by the next launcher: a resumed job starts again', async () => {
    const first = await place.start(task('told', 'permanent'));
    expect(await first.ended).toMatchObject({ outcome: 'failed' });
    const second = await openPlace(config);
    const again = await second.start(task('told', 'good'));
    expect(await again.ended).toEqual({ outcome: 'succeeded', reason: '' });
    await second.close();
  });

  it('that nobody wants any more is ended, and those of another release are left alone', async () => {
    const wanted = await place.start(task('wanted', 'long'));
    const orphan = await place.start(task('orphan', 'long'));
    const other = await openPlace(config, 'other');
    const foreign = await other.start(task('foreign', 'long'));
    const isWanted = (id: string): Promise<boolean> => Promise.resolve(id === 'wanted');
    const stop = sweepOrphans({ place, kind: 'training', isWanted, logger, everyMs: 1000 });
    expect(await orphan.ended).toMatchObject({ outcome: 'lost' });
    stop();
    expect(await place.running('training')).toEqual(['wanted']);
    expect(await other.running('training')).toEqual(['foreign']);
    await Promise.all([wanted.stop(), foreign.stop()]);
    await other.close();
  });

  it('is stopped with its pods before the call returns, and noticed when it is deleted from outside', async () => {
    const work = await place.start(task('stopped', 'long'));
    await podOf(work);
    expect(await work.stop()).toMatchObject({ outcome: 'stopped' });
    expect(await kubectl('-n', NAMESPACE, 'get', 'pods', '-l', `job-name=${work.name}`, '-o', 'name')).toBe(
      '',
    );
    const other = await place.start(task('deleted', 'long'));
    await podOf(other);
    await kubectl('-n', NAMESPACE, 'delete', 'job', other.name);
    expect(await other.ended).toMatchObject({
      outcome: 'lost',
      reason: expect.stringMatching(/deleted from outside/),
    });
  });

  it('says that its node does not answer, and goes on when the node is back', async () => {
    const heard = listen();
    const work = await place.start({ ...task('silent', 'long'), ...heard });
    const pod = await podOf(work);
    const node = await eventually(
      () => kubectl('-n', NAMESPACE, 'get', 'pod', pod, '-o', 'jsonpath={.status.phase} {.spec.nodeName}'),
      (text) => text.startsWith('Running '),
      120_000,
    );
    const index = node.split('-').at(-1)!;
    const signal = (name: string): unknown => {
      const file = `${process.env.CASSL_K8S_DIR}/state/node-${index}/run/kubelet.pid`;
      const command = `kill -${name} $(cat ${file})`;
      return execFileSync('bash', [`${process.env.CASSL_TEST_LOCAL}/on.sh`, index, 'bash', '-c', command]);
    };
    signal('STOP');
    try {
      await eventually(
        () => Promise.resolve(heard.news.join('\n')),
        (news) => news.includes(`node node-${index} does not answer`),
        240_000,
      );
    } finally {
      signal('CONT');
    }
    await kubectl('wait', '--for=condition=Ready', `node/node-${index}`, '--timeout=120s');
    expect(await work.stop()).toMatchObject({ outcome: 'stopped' });
  });

  it('is seen to its end although the API server is killed meanwhile', async () => {
    const work = await place.start(task('api', 'once'));
    await podOf(work);
    const state = `${process.env.CASSL_K8S_DIR}/state/node-0/run/kube-apiserver.pid`;
    // The pid file holds a pid of the node's own namespace.
    execFileSync('bash', [
      `${process.env.CASSL_TEST_LOCAL}/on.sh`,
      '0',
      'bash',
      '-c',
      `kill -9 $(cat ${state})`,
    ]);
    await delay(1000);
    expect(await work.ended).toEqual({ outcome: 'succeeded', reason: '' });
  });
});
