import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '@cassl/rpc';
import { RegistryServiceDefinition } from '@cassl/proto';
import {
  eventually,
  helm,
  HELM3,
  HELM4,
  install,
  kubectl,
  makeNamespace,
  openNodePort,
  podsOf,
  smallValues,
} from './cluster.ts';

describe.each([
  ['Helm 3', HELM3],
  ['Helm 4', HELM4],
])('a release by %s in a restricted namespace', (name, binary) => {
  const namespace = name.replace(' ', '-').toLowerCase();
  beforeAll(() => makeNamespace(namespace));
  afterAll(async () => {
    await helm(binary, 'uninstall', 'cassl', '-n', namespace, '--wait').catch(() => undefined);
    await kubectl('delete', 'namespace', namespace, '--wait=false');
  });

  it('becomes ready without a warning, and answers a real Label call', async () => {
    const { stderr } = await install(binary, namespace);
    expect(stderr.toLowerCase()).not.toContain('would violate podsecurity');
    for (const component of ['registry', 'trainer', 'labeler', 'evaluator', 'label-worker']) {
      expect(await podsOf(namespace, component)).toHaveLength(1);
    }
    const { stdout } = await helm(binary, 'test', 'cassl', '-n', namespace, '--logs');
    expect(stdout).toMatch(/smoke test: one Label call found \d+ objects/);
  });

  it('is upgraded, goes back where an image cannot be pulled, and is rolled back', async () => {
    await install(binary, namespace, ['labelWorkers.replicas=2', 'logLevel=debug']);
    // One more may still be ending.
    await eventually(
      () => podsOf(namespace, 'label-worker'),
      (pods) => pods.length === 2,
      120_000,
    );
    const undo = binary === HELM3 ? '--atomic' : '--rollback-on-failure';
    const args = ['upgrade', 'cassl', 'helm/cassl', '-n', namespace, '--wait', '--timeout', '30s', undo];
    await expect(helm(binary, ...args, ...smallValues(['image.tag=absent']))).rejects.toThrow();
    await helm(binary, 'rollback', 'cassl', '1', '-n', namespace, '--wait', '--timeout', '9m');
    expect(
      await kubectl(
        '-n',
        namespace,
        'get',
        'deployment',
        'cassl-label-worker',
        '-o',
        'jsonpath={.spec.replicas}',
      ),
    ).toBe('1');
    const address = await openNodePort(namespace, 'registry', 7100);
    const registry = createClient(RegistryServiceDefinition, address);
    expect((await registry.listCheckpoints({})).checkpoints).toEqual([]);
    registry.close();
    await kubectl('-n', namespace, 'delete', 'service', 'outside-registry');
  });

  it('keeps its volumes when it is uninstalled', async () => {
    await helm(binary, 'uninstall', 'cassl', '-n', namespace, '--wait');
    const claims = await kubectl('-n', namespace, 'get', 'pvc', '-o', 'name');
    expect(claims.split('\n')).toEqual(
      expect.arrayContaining(['persistentvolumeclaim/cassl-registry', 'persistentvolumeclaim/cassl-shared']),
    );
  });
});
