import type { V1Job, V1PodSpec } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { jobManifest } from './job-manifest.ts';
import { jobName } from './job-name.ts';
import type { Task } from './work-place.ts';

const template = (limits: Record<string, string> = {}, pod: Partial<V1PodSpec> = {}): V1Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: '', namespace: 'vision', labels: { 'app.kubernetes.io/instance': 'cassl' } },
  spec: {
    template: {
      spec: {
        restartPolicy: 'Never',
        ...pod,
        containers: [
          { name: 'training', args: ['training-worker'], resources: { limits, requests: { ...limits } } },
        ],
      },
    },
  },
});
const task = (more: Partial<Task> = {}): Task => ({
  kind: 'training',
  id: 'My_Run-1',
  folder: '/data/run',
  onMessage: () => undefined,
  ...more,
});

describe('the Job of a task', () => {
  it('is the template with name, arguments and environment filled in', () => {
    const job = jobManifest(template(), task({ env: { A: '1' } }));
    expect(job.metadata).toMatchObject({
      name: jobName('cassl', 'training', 'My_Run-1'),
      namespace: 'vision',
      labels: { 'cassl/kind': 'training' },
      annotations: { 'cassl/id': 'My_Run-1' },
    });
    expect(job.spec!.template.spec!.containers[0]).toMatchObject({
      args: ['training-worker', '/data/run'],
      env: [{ name: 'A', value: '1' }],
    });
    expect(job.spec!.completionMode).toBeUndefined();
  });

  it('has as many GPUs as the task asks for, or as the template offers', () => {
    const gpus = (wanted?: number): unknown => {
      const job = jobManifest(
        template({ 'nvidia.com/gpu': '1' }),
        task(wanted === undefined ? {} : { gpus: wanted }),
      );
      return job.spec!.template.spec!.containers[0]!.resources;
    };
    expect(gpus()).toMatchObject({ limits: { 'nvidia.com/gpu': '1' } });
    expect(gpus(4)).toMatchObject({ limits: { 'nvidia.com/gpu': '4' }, requests: { 'nvidia.com/gpu': '4' } });
    expect(() => jobManifest(template(), task({ gpus: 2 }))).toThrow(
      /asks for 2 GPUs.*gpu.kind and jobs.gpus/,
    );
    expect(() => gpus(0)).toThrow(/asks for no GPU/);
  });

  it('of several nodes tells each pod its rank', () => {
    const gpus = { 'nvidia.com/gpu': '2' };
    const job = jobManifest(template(gpus, { subdomain: 'cassl-ranks' }), task({ nodes: 3 }));
    expect(job.spec).toMatchObject({ completionMode: 'Indexed', completions: 3, parallelism: 3 });
    const { containers, topologySpreadConstraints } = job.spec!.template.spec!;
    expect(topologySpreadConstraints).toMatchObject([
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: { matchLabels: { 'batch.kubernetes.io/job-name': job.metadata!.name } },
      },
    ]);
    const env = Object.fromEntries(containers[0]!.env!.map(({ name, value }) => [name, value]));
    expect(env).toMatchObject({ WORLD_SIZE: '6', LOCAL_WORLD_SIZE: '2', GROUP_RANK: undefined });
    expect(env.MASTER_ADDR).toBe(`${job.metadata!.name}-0.cassl-ranks`);
    expect(() => jobManifest(template(gpus), task({ nodes: 3 }))).toThrow(/names no Service/);
  });

  it('takes the GPUs that its DRA claim has, and says which number that is', () => {
    const claimed = template({}, { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'c-gpu-2' }] });
    claimed.spec!.template.spec!.containers[0]!.resources!.claims = [{ name: 'gpu' }];
    expect(() => jobManifest(claimed, task({ gpus: 2 }))).not.toThrow();
    expect(() => jobManifest(claimed, task({ gpus: 4 }))).toThrow(/asks for 4 GPUs.*has 2.*jobs.gpus=4/);
  });
});

describe('the name of a Job', () => {
  it('is a DNS label with room for suffixes, and differs for ids that look alike', () => {
    const ids = ['a', 'A', 'a_b', 'a-b', '-', '_'.repeat(128), `${'x'.repeat(127)}1`, `${'x'.repeat(127)}2`];
    const names = ids.map((id) => jobName('cassl', 'training', id));
    expect(new Set(names).size).toBe(ids.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/);
  });
});
