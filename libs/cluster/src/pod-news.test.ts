import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { jobFailure, jobNews, podNews } from './pod-news.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const pod = (status: V1Pod['status'], more: Partial<V1Pod> = {}): V1Pod => ({
  metadata: { name: 'p' },
  spec: {
    nodeName: 'node-1',
    containers: [
      {
        name: 'training',
        image: 'cassl:1',
        resources: { limits: { memory: '2Gi' }, requests: { 'nvidia.com/gpu': '5', cpu: '1' } },
      },
    ],
  },
  ...(status && { status }),
  ...more,
});
const container = (state: object, lastState: object = {}): V1Pod =>
  pod({
    phase: 'Running',
    containerStatuses: [
      { name: 'training', image: 'cassl:1', imageID: '', ready: false, restartCount: 0, state, lastState },
    ],
  });
const news = (value: V1Pod): string | undefined => podNews(value, NOW);
const unschedulable = (message: string): V1Pod =>
  pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] });

describe('what a pod says', () => {
  it('is nothing while it runs', () => {
    expect(news(container({ running: {} }))).toBeUndefined();
    expect(news(container({ terminated: { exitCode: 0 } }))).toBeUndefined();
  });

  it.each<[string, V1Pod, RegExp]>([
    [
      'no free GPU',
      unschedulable('0/2 nodes are available: 2 Insufficient nvidia.com/gpu.'),
      /no node has 5 free nvidia.com\/gpu: ask for fewer GPUs/,
    ],
    [
      'no free processor',
      unschedulable('2 Insufficient cpu.'),
      /no node has 1 free cpu: lower jobs.resources.requests/,
    ],
    [
      'a taint',
      unschedulable('2 node(s) had untolerated taint'),
      /no node takes its pod: 2 node\(s\) had untolerated/,
    ],
    [
      'a missing image',
      container({ waiting: { reason: 'ImagePullBackOff', message: 'not found' } }),
      /the image cassl:1 cannot be had: check image.registry/,
    ],
    [
      'a missing secret',
      container({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "s3-keys" not found' } }),
      /secret "s3-keys" not found; create the secret/,
    ],
    [
      'too little memory',
      container({ terminated: { exitCode: 137, reason: 'OOMKilled' } }),
      /memory limit of 2Gi \(OOMKilled\): raise jobs.resources.limits.memory/,
    ],
    ['an exit code', container({ terminated: { exitCode: 3 } }), /ended with exit code 3/],
    [
      'an eviction',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'low on disk' }),
      /evicted by its node: low on disk/,
    ],
    [
      'a preemption',
      pod({ conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] }),
      /taken away \(PreemptionByScheduler.*another pod follows/,
    ],
    [
      'a dead node',
      pod({ phase: 'Running' }, { metadata: { name: 'p', deletionTimestamp: new Date(NOW - 60_000) } }),
      /node node-1 does not answer.*kubectl taint node node-1 node.kubernetes.io\/out-of-service/,
    ],
  ])('names %s and what to change', (_what, value, words) => {
    expect(news(value)).toMatch(words);
  });

  it('is a silent node where the cluster takes readiness from a container that runs', () => {
    const running = container({ running: {} });
    running.status!.containerStatuses![0]!.ready = true;
    running.status!.conditions = [{ type: 'Ready', status: 'False' }];
    expect(news(running)).toMatch(/node node-1 does not answer: .*comes back.*five minutes/);
    running.status!.conditions[0]!.status = 'True';
    expect(news(running)).toBeUndefined();
  });

  it('is no dead node while the pod may still end in time', () => {
    const leaving = pod({ phase: 'Running' }, { metadata: { deletionTimestamp: new Date(NOW - 1000) } });
    expect(news(leaving)).toBeUndefined();
  });
});

describe('what a Job says', () => {
  const failed = (reason: string): V1Job => ({
    spec: { backoffLimit: 3, template: {} },
    status: { conditions: [{ type: 'Failed', status: 'True', reason }] },
  });

  it('is why it was given up', () => {
    expect(jobFailure(failed('BackoffLimitExceeded'))).toBe('its pod failed 4 times');
    expect(jobFailure(failed('PodFailurePolicy'))).toMatch(/another attempt cannot help/);
    expect(jobFailure({ status: {} })).toBeUndefined();
  });

  it('is the queue that it waits in', () => {
    const metadata = { labels: { 'kueue.x-k8s.io/queue-name': 'research' } };
    expect(jobNews({ metadata, spec: { suspend: true, template: {} } })).toMatch(/Kueue's queue research/);
  });
});
