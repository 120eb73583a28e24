import { readFileSync } from 'node:fs';
import type { V1DeploymentSpec, V1EnvVar } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { CHART, HELMS, renderChart, ROOT, type Manifest } from './render-chart.ts';

const SERVICES = ['registry', 'trainer', 'labeler', 'evaluator', 'console'];

/** The variables of a service: its README's table, which its own test compares with its code. */
function settingsOf(service: string): string[] {
  const text = readFileSync(`${ROOT}services/${service}/README.md`, 'utf8');
  return [...text.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map(([, variable]) => variable!);
}

/** Set by the image, or fixed by the chart's ports: no value changes them. */
const FIXED = ['CASSL_HOST', 'CASSL_PORT', 'CASSL_METRICS_PORT', 'CASSL_HTTP_PORT', 'CASSL_DATA_DIR'];
/** Come from secrets of the operator's own: `extraEnv` with a `secretKeyRef`. */
const BY_EXTRA_ENV = ['CASSL_LABEL_STUDIO_TOKEN', 'CASSL_NATS_CREDS_FILE', 'CASSL_OIDC_CLIENT_SECRET'];
/** What has no place in a pod: memory, logs and records that processes of one machine share. */
const OF_ONE_MACHINE = ['CASSL_SHARED_MEMORY', 'CASSL_LOGS_DIR', 'CASSL_EXPERIMENTS_DIR'];
/** The page calls services and never the broker. */
const NOT_OF_CONSOLE = ['CASSL_NATS_URL', 'CASSL_NATS_USER', 'CASSL_NATS_PASSWORD'];
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  CASSL_AUTH_TOKEN: ['CASSL_AUTH_TOKEN_FILE'],
  CASSL_AUTH_TOKEN_FILE: ['CASSL_AUTH_TOKEN'],
  CASSL_NATS_TOKEN: ['CASSL_NATS_USER', 'CASSL_NATS_CREDS_FILE'],
};
const EVERYTHING = [
  'nats.url=nats://nats.nats:4222',
  'nats.existingSecret=n',
  'nats.users=true',
  'console.enabled=true',
  'auth.existingSecret=a',
  'auth.tokensKey=tokens.json',
  'auth.oidc.issuer=https://issuer.example',
  'auth.oidc.jwksUrl=https://issuer.example/keys',
  'tls.enabled=true',
  'tls.existingSecret=t',
  'tls.mutual=true',
  'database.existingSecret=d',
  'objectStore.blobsUri=s3://models',
  'labeler.teacherEndpoints={teacher:8001}',
];

function environmentOf(manifests: readonly Manifest[], component: string): V1EnvVar[] {
  const name = `cassl-${component}`;
  const found = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name);
  return (found!.spec as V1DeploymentSpec).template.spec!.containers[0]!.env ?? [];
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}
const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as SchemaNode;

function namedInSchema(component: string): string[] {
  return Object.keys(schema.properties?.[component]?.properties?.settings?.properties ?? {});
}

describe.skipIf(HELMS.length < 2)(
  'the settings of services (skipped without helm: scripts/bring-helm.sh)',
  () => {
    it.each(SERVICES)('can all be set by the chart, and none twice: %s', async (component) => {
      const manifests = await renderChart({ set: EVERYTHING });
      const rendered = environmentOf(manifests, component).map(({ name }) => name);
      const chosen = namedInSchema(component);
      expect(rendered).toEqual([...new Set(rendered)]);
      expect(rendered.filter((name) => chosen.includes(name))).toEqual([]);
      const known = settingsOf(component);
      expect(known).toContain('CASSL_LOG_LEVEL');
      const elsewhere = component === 'console' ? NOT_OF_CONSOLE : [];
      // The labeler's workers are pods of their own.
      const ofWorkers = component === 'labeler' ? environmentOf(manifests, 'label-worker') : [];
      const settable = new Set([
        ...[...rendered, ...ofWorkers.map(({ name }) => name), ...chosen],
        ...[...FIXED, ...BY_EXTRA_ENV, ...OF_ONE_MACHINE, ...elsewhere],
      ]);
      const isCovered = (name: string): boolean =>
        settable.has(name) || (INSTEAD[name] ?? []).some((other) => settable.has(other));
      expect(known.filter((name) => !isCovered(name))).toEqual([]);
      // And nothing is offered that the service would ignore.
      expect(chosen.filter((name) => !known.includes(name))).toEqual([]);
    });

    it('reach the pods as they were written, those of the labeler its workers as well', async () => {
      const set = [
        'nats.bundled.enabled=true',
        'labeler.settings.CASSL_SHARD_TIMEOUT_MS=1800000',
        'labeler.settings.CASSL_MODEL_POLICY=refuse',
        'registry.settings.CASSL_HTTP_REDIRECTS=false',
        'registry.settings.CASSL_VERIFY_EVERY_HOURS=0.5',
      ];
      const manifests = await renderChart({ set });
      for (const component of ['labeler', 'label-worker']) {
        expect(environmentOf(manifests, component)).toEqual(
          expect.arrayContaining([
            { name: 'CASSL_SHARD_TIMEOUT_MS', value: '1800000' },
            { name: 'CASSL_MODEL_POLICY', value: 'refuse' },
          ]),
        );
      }
      expect(environmentOf(manifests, 'registry')).toEqual(
        expect.arrayContaining([
          { name: 'CASSL_HTTP_REDIRECTS', value: 'false' },
          { name: 'CASSL_VERIFY_EVERY_HOURS', value: '0.5' },
        ]),
      );
    });

    it('that no service knows are refused', async () => {
      const set = ['nats.bundled.enabled=true', 'labeler.settings.CASSL_MODEL_POLICIES=refuse'];
      await expect(renderChart({ set })).rejects.toThrow(/CASSL_MODEL_POLICIES/);
    });
  },
);
