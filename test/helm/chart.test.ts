import { basename } from 'node:path';
import { BROKER_USERS, passwordVariable, usersConfig } from '@cassl/events';
import { describe, expect, it } from 'vitest';
import type { V1DeploymentSpec, V1NetworkPolicySpec, V1ServiceSpec } from '@kubernetes/client-node';
import { findFaults } from './find-faults.ts';
import { ALL_APIS, HELMS, jobTemplates, podSpecOf, renderChart, type Manifest } from './render-chart.ts';
import { VALUE_SETS } from './value-sets.ts';

const TRIAL = ['nats.bundled.enabled=true'];
const named = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const deployment = (manifests: readonly Manifest[], name: string): V1DeploymentSpec =>
  named(manifests, 'Deployment', name).spec as V1DeploymentSpec;
it('finds a misspelt field and a wrong type', async () => {
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j' },
    spec: { paralelism: 1, backoffLimit: 'three', template: { spec: { containers: [] } } },
  };
  expect((await findFaults(job)).join()).toMatch(/Job\/j.spec.paralelism: unknown field.*backoffLimit/s);
});

describe.skipIf(HELMS.length < 2)('the chart (skipped without helm 3 and 4: scripts/bring-helm.sh)', () => {
  describe.each(Object.entries(VALUE_SETS))('for %s', (_name, options) => {
    it('renders what the API knows, field by field, and the same under Helm 3 and 4', async () => {
      const [four, three] = await Promise.all(HELMS.map((helm) => renderChart({ ...options, helm })));
      expect(three).toEqual(four);
      const faults = await Promise.all([...four!, ...jobTemplates(four!)].map(findFaults));
      expect(faults.flat()).toEqual([]);
    });

    it('makes pods that the restricted standard takes, each container with requests', async () => {
      const manifests = await renderChart(options);
      const pods = [...manifests, ...jobTemplates(manifests)]
        .map(podSpecOf)
        .filter((spec) => spec !== undefined);
      expect(pods.length).toBeGreaterThanOrEqual(6);
      for (const spec of pods) {
        expect(spec.securityContext).toMatchObject({
          runAsNonRoot: true,
          runAsUser: 65532,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(Object.keys(container.resources?.requests ?? {})).toEqual(
            expect.arrayContaining(['cpu', 'memory']),
          );
        }
      }
      const withToken = manifests.filter(
        (manifest) => podSpecOf(manifest)?.automountServiceAccountToken === true,
      );
      const launchers = options.set?.includes('jobs.mode=process')
        ? []
        : ['cassl-trainer', 'cassl-evaluator'];
      expect(withToken.map(({ metadata }) => metadata.name)).toEqual(launchers);
    });
  });

  it('leaves the number of pods to what scales them', async () => {
    const replicas = async (apis: readonly string[], set: readonly string[]): Promise<unknown> =>
      deployment(await renderChart({ apis, set: [...TRIAL, ...set] }), 'cassl-label-worker').replicas;
    expect(await replicas([], ['labelWorkers.replicas=4'])).toBe(4);
    expect(await replicas(ALL_APIS, [])).toBeUndefined();
    expect(
      await replicas([], ['labelWorkers.autoscaling.kind=hpa', 'labelWorkers.autoscaling.minReplicas=1']),
    ).toBeUndefined();
  });

  it('asks for GPUs in the form of their kind, and never surges where there is no spare one', async () => {
    const render = (kind: string, ...more: string[]): Promise<Manifest[]> =>
      renderChart({ set: [...TRIAL, `gpu.kind=${kind}`, 'labeler.gpus=1', ...more] });
    const labeler = async (kind: string, ...more: string[]): Promise<V1DeploymentSpec> =>
      deployment(await render(kind, ...more), 'cassl-labeler');
    const plugin = await labeler('devicePlugin');
    expect(plugin.strategy?.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
    expect(plugin.template.spec!.containers[0]).toMatchObject({
      image: 'cassl:0.1.0-cuda',
      resources: { limits: { 'nvidia.com/gpu': 1 }, requests: { 'nvidia.com/gpu': 1 } },
      env: expect.arrayContaining([{ name: 'CASSL_REQUIRE_GPU', value: '1' }]),
    });
    const mig = await labeler('mig', 'gpu.mig.profile=2g.20gb');
    expect(mig.template.spec!.containers[0]!.resources!.limits).toMatchObject({
      'nvidia.com/mig-2g.20gb': 1,
    });
    const dra = await render('dra');
    const pod = deployment(dra, 'cassl-labeler').template.spec!;
    expect(pod.resourceClaims).toEqual([{ name: 'gpu', resourceClaimTemplateName: 'cassl-gpu-1' }]);
    expect(pod.containers[0]!.resources!.claims).toEqual([{ name: 'gpu' }]);
    expect(named(dra, 'ResourceClaimTemplate', 'cassl-gpu-1')).toBeDefined();
  });

  it('prefers digest over tag and one mirror over every registry', async () => {
    const digest = `sha256:${'b'.repeat(64)}`;
    const set = [...TRIAL, `image.digest=${digest}`, 'image.tag=v1', 'global.imageRegistry=mirror.example/x'];
    const images = (await renderChart({ set })).flatMap((manifest) =>
      (podSpecOf(manifest)?.containers ?? []).map(({ image }) => image),
    );
    expect([...new Set(images)].sort()).toEqual([
      `mirror.example/x/cassl@${digest}`,
      'mirror.example/x/library/nats:2.15.2-scratch',
    ]);
  });

  it('gives every pod of the release a policy that denies what is not named', async () => {
    const manifests = await renderChart({ set: TRIAL });
    const policy = named(manifests, 'NetworkPolicy', 'cassl-default').spec as V1NetworkPolicySpec;
    expect(policy.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(policy.ingress).toBeUndefined();
    for (const manifest of manifests) {
      const labels =
        manifest.kind === 'Pod'
          ? manifest.metadata.labels
          : (manifest.spec as Partial<V1DeploymentSpec> | undefined)?.template?.metadata?.labels;
      if (labels !== undefined) expect(labels).toMatchObject(policy.podSelector!.matchLabels!);
    }
  });

  it('lets someone in at every port of every Service', async () => {
    const manifests = await renderChart({ set: [...TRIAL, 'console.enabled=true'] });
    const policies = manifests
      .filter(({ kind }) => kind === 'NetworkPolicy')
      .map(({ spec }) => spec as V1NetworkPolicySpec);
    const isOpen = (component: string, port: number): boolean =>
      policies.some(({ podSelector, ingress = [] }) => {
        const { matchLabels = {}, matchExpressions = [] } = podSelector!;
        const wanted = matchLabels['app.kubernetes.io/component'];
        const isSelected =
          wanted === component || matchExpressions.some(({ values }) => values?.includes(component));
        return isSelected && ingress.some(({ ports }) => ports?.some((one) => one.port === port) ?? true);
      });
    const services = manifests.filter(({ kind }) => kind === 'Service');
    expect(services.length).toBeGreaterThanOrEqual(7);
    for (const { metadata, spec } of services) {
      const component = metadata.labels!['app.kubernetes.io/component']!;
      for (const { port } of (spec as V1ServiceSpec).ports ?? []) {
        expect(isOpen(component, port), `${metadata.name}:${port}`).toBe(true);
      }
    }
  });

  it('gives the console neither the broker nor a token of its own', async () => {
    const set = [...TRIAL, 'console.enabled=true', 'auth.existingSecret=cassl-token'];
    const manifests = await renderChart({ set });
    const { env = [] } = deployment(manifests, 'cassl-console').template.spec!.containers[0]!;
    const names = env.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['CASSL_REGISTRY_HTTP_URL', 'CASSL_AUTH_TOKEN_FILE']));
    expect(names.filter((name) => /NATS|^CASSL_AUTH_TOKEN$/.test(name))).toEqual([]);
    expect((named(manifests, 'Service', 'cassl-console').spec as V1ServiceSpec).ports).toContainEqual({
      name: 'http',
      port: 7190,
      targetPort: 'http',
    });
  });

  it('gives each service a NATS user and an S3 key of its own where it is told to, and Jobs no user at all', async () => {
    const set = [
      ...[...TRIAL, 'nats.existingSecret=users', 'nats.users=true'],
      ...['objectStore.existingSecret=s3', 'objectStore.secrets.registry=s3-registry'],
    ];
    const manifests = await renderChart({ set });
    const secretsOf = (spec: ReturnType<typeof podSpecOf>): Record<string, string> =>
      Object.fromEntries(
        (spec?.containers[0]?.env ?? []).flatMap(({ name, valueFrom }) => {
          const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {};
          return secret === '' ? [] : [[name, `${secret}/${key}`]];
        }),
      );
    for (const user of BROKER_USERS) {
      const { template } = deployment(manifests, `cassl-${user}`);
      expect(template.spec!.containers[0]!.env).toContainEqual({ name: 'CASSL_NATS_USER', value: user });
      expect(secretsOf(template.spec)).toMatchObject({
        CASSL_NATS_PASSWORD: `users/${user}`,
        AWS_SECRET_ACCESS_KEY: `${user === 'registry' ? 's3-registry' : 's3'}/AWS_SECRET_ACCESS_KEY`,
      });
    }
    for (const job of jobTemplates(manifests))
      expect(Object.keys(secretsOf(podSpecOf(job))).filter((name) => name.includes('NATS'))).toEqual([]);
    const nats = secretsOf(podSpecOf(named(manifests, 'StatefulSet', 'cassl-nats')));
    expect(nats).toEqual(
      Object.fromEntries(BROKER_USERS.map((user) => [passwordVariable(user), `users/${user}`])),
    );
    const { data } = named(manifests, 'ConfigMap', 'cassl-nats') as { data?: Record<string, string> };
    expect(data!['nats.conf']).toContain(usersConfig().trim());
  });

  it('names the ranks of a training on several nodes, also before they are ready', async () => {
    const manifests = await renderChart({ set: TRIAL });
    const service = named(manifests, 'Service', 'cassl-ranks').spec as V1ServiceSpec;
    expect(service).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    const [training] = jobTemplates(manifests).map(podSpecOf);
    expect(training?.subdomain).toBe('cassl-ranks');
  });

  it('lets the launcher do no more than its Jobs need', async () => {
    const rules = named(await renderChart({ set: TRIAL }), 'Role', 'cassl-launcher').rules;
    expect(rules).toEqual([
      {
        apiGroups: ['batch'],
        resources: ['jobs'],
        verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'],
      },
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    ]);
  });

  it.each(HELMS.map((helm) => [basename(helm), helm]))(
    'refuses wrong values with one sentence, under %s',
    async (_name, helm) => {
      const refusal = async (...set: string[]): Promise<string> =>
        renderChart({ helm, set: [...TRIAL, ...set] }).then(
          () => 'rendered',
          (error: unknown) => String((error as { stderr: string }).stderr),
        );
      const wrong: readonly (readonly [readonly string[], RegExp])[] = [
        [['registry.replicas=-1'], /registry[./]replicas.*(-1|greater than or equal to 0)/],
        [['registry.replica=2'], /replica/],
        [['nats.replicas=2'], /nats[./]replicas/],
        [['image.digest=latest'], /digest/],
        [['gpu.kind=cuda'], /gpu[./]kind/],
        [['labeler.resources.requests=null'], /requests/],
        [['registry.replicas=2'], /more than one needs database.existingSecret and objectStore.blobsUri/],
        [['labeler.gpus=1'], /labeler.gpus is 1 but gpu.kind is none/],
        [
          ['gpu.kind=devicePlugin', 'gpu.mig.profile=1g.10gb'],
          /gpu.mig.profile is 1g.10gb but gpu.kind is devicePlugin/,
        ],
        [['gpu.kind=mig'], /set gpu.mig.profile/],
        [['gpu.kind=timeSlicing', 'jobs.gpus=2'], /slices do not add up/],
        [['nats.url=nats://a:4222'], /exclude each other/],
        [['nats.users=true'], /name the secret that has their passwords in nats.existingSecret/],
        [['objectStore.secrets.regisry=s3'], /regisry/],
        [['nats.bundled.enabled=false'], /nats.url is empty/],
        [['sharedVolume.enabled=false'], /need sharedVolume.enabled=true/],
        [['labelWorkers.autoscaling.kind=keda'], /no keda.sh\/v1alpha1: install KEDA/],
        [['labelWorkers.autoscaling.minReplicas=20'], /minReplicas 20 is more than maxReplicas 10/],
        [['tls.enabled=true'], /name tls.existingSecret/],
        [['metrics.serviceMonitor.enabled=true'], /install the Prometheus operator/],
        [['auth.tokensKey=tokens.json'], /name the secret that has it in auth.existingSecret/],
        [['serviceAccount.create=false'], /serviceAccount.launcherName/],
        [['console.ingress.enabled=true'], /console.enabled is false: nothing would answer/],
      ];
      for (const [set, message] of wrong) expect(await refusal(...set), set.join()).toMatch(message);
    },
  );
});
