import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { V1DeploymentSpec, V1PodSpec, V1PolicyRule } from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CHART = `${ROOT}helm/cassl`;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: object;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
  /** Of a Role. */
  readonly rules?: readonly V1PolicyRule[];
}

/** The binaries that `make test` brings; a test skips by name without them. */
export const HELMS = ['helm', 'helm3']
  .map((name) => `${ROOT}.tools/bin/${name}`)
  .filter((path) => existsSync(path));

/** API groups that a cluster with every optional operator has. */
export const ALL_APIS = [
  'keda.sh/v1alpha1',
  'monitoring.coreos.com/v1',
  'gateway.networking.k8s.io/v1',
  'cert-manager.io/v1',
];

export interface RenderOptions {
  readonly helm?: string;
  /** `--set` assignments. */
  readonly set?: readonly string[];
  readonly valuesFiles?: readonly string[];
  readonly apis?: readonly string[];
}

/** What `helm template` prints, object by object. @throws with what Helm says where it refuses */
export async function renderChart(options: RenderOptions = {}): Promise<Manifest[]> {
  const { helm = HELMS[0]!, set = [], valuesFiles = [], apis = [] } = options;
  const args = ['template', 'cassl', CHART, '--namespace', 'cassl'];
  for (const file of valuesFiles) args.push('--values', file);
  for (const assignment of set) args.push('--set', assignment);
  for (const api of apis) args.push('--api-versions', api);
  const { stdout } = await run(helm, args, { maxBuffer: 1 << 26, timeout: 60_000 });
  return parseManifests(stdout);
}

/** The Jobs that trainer and evaluator will make. */
export function jobTemplates(manifests: readonly Manifest[]): Manifest[] {
  const map = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'cassl-jobs');
  return Object.values(map?.data ?? {}).map((text) => {
    const job = parse(text) as Manifest;
    return { ...job, metadata: { ...job.metadata, name: 'from-template' } };
  });
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** The pod that an object makes, its own or that of a template. */
export function podSpecOf(manifest: Manifest): V1PodSpec | undefined {
  if (manifest.kind === 'Pod') return manifest.spec as V1PodSpec;
  if (!['Deployment', 'StatefulSet', 'Job'].includes(manifest.kind)) return undefined;
  return (manifest.spec as V1DeploymentSpec).template.spec;
}
