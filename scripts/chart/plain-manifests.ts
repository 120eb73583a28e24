import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Tree } from './patch.ts';

const root = join(import.meta.dirname, '../..');
const bin = (name: string): string => join(root, '.tools/bin', name);
const options = { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 60_000 } as const;

export interface Manifest extends Tree {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Tree & { readonly name: string };
}

export function idOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

/** The chart as a user without Helm wants it, rendered with `k8s/values/NAME.yaml`: no hooks, no labels of Helm's. */
export function renderPlain(names: readonly string[]): Manifest[] {
  const files = names.flatMap((name) => ['--values', join(root, 'k8s/values', `${name}.yaml`)]);
  const chart = join(root, 'helm/cassl');
  const text = execFileSync(
    bin('helm'),
    ['template', 'cassl', chart, '--namespace', 'cassl', ...files],
    options,
  );
  const plain = text.replaceAll(
    /^\s*(helm\.sh\/(chart|resource-policy)|app\.kubernetes\.io\/managed-by):.*\n/gm,
    '',
  );
  return parse(plain)
    .filter(({ metadata }) => (metadata.annotations as Tree | undefined)?.['helm.sh/hook'] === undefined)
    .map(withoutEmptyAnnotations);
}

/** What `kubectl apply -k` would send. */
export function buildKustomization(folder: string): Manifest[] {
  return parse(execFileSync(bin('kubectl'), ['kustomize', join(root, folder)], options));
}

function parse(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

function withoutEmptyAnnotations(manifest: Manifest): Manifest {
  const { annotations, ...metadata } = manifest.metadata;
  return annotations === null
    ? { ...manifest, metadata: { ...metadata, name: manifest.metadata.name } }
    : manifest;
}
