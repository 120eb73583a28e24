import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { usersConfig } from '@cassl/events';
import { stringify } from 'yaml';
import { patchOf } from './patch.ts';
import { buildKustomization, idOf, renderPlain, type Manifest } from './plain-manifests.ts';
import { valuesTable } from './values-table.ts';

// node scripts/chart/render.ts [--check]: writes what follows from helm/cassl, or says what is out of step with it.
const root = join(import.meta.dirname, '../..');
const isCheck = process.argv.includes('--check');
const HEADER = '# Made from helm/cassl by `make chart`; edit the chart instead.\n';
const USERS_HEADER =
  '# Made by `make chart` from libs/events/src/rights; each password is a variable of the server.\n';
const problems: string[] = [];

function write(path: string, text: string): void {
  const full = join(root, path);
  if (existsSync(full) && readFileSync(full, 'utf8') === text) return;
  if (isCheck) {
    problems.push(`${path} is out of step with helm/cassl: run \`make chart\``);
    return;
  }
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

const documents = (list: readonly unknown[]): string =>
  HEADER + list.map((item) => stringify(item, { lineWidth: 0 })).join('---\n');

/** The base, and what an overlay adds and changes. */
function writeOverlay(name: string, base: readonly Manifest[], wanted: readonly Manifest[]): void {
  const known = new Map(base.map((manifest) => [idOf(manifest), manifest]));
  const added = wanted.filter((manifest) => !known.has(idOf(manifest)));
  const patches = wanted.flatMap((manifest) => {
    const before = known.get(idOf(manifest));
    const patch = before && patchOf(before, manifest);
    const { apiVersion, kind, metadata } = manifest;
    return patch === undefined
      ? []
      : [{ apiVersion, kind, metadata: { name: metadata.name, namespace: 'cassl' }, ...patch }];
  });
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: 'cassl',
    resources: ['../../base', ...(added.length > 0 ? ['added.yaml'] : [])],
    patches: [{ path: 'patches.yaml' }],
  };
  const folder = `k8s/overlays/${name}`;
  write(`${folder}/kustomization.yaml`, HEADER + stringify(kustomization));
  write(`${folder}/patches.yaml`, documents(patches));
  if (added.length > 0) write(`${folder}/added.yaml`, documents(added));
}

/** kustomize merges by rules of its own: what comes out must be what the chart renders. */
function compareOverlay(name: string, wanted: readonly Manifest[]): void {
  const built = new Map(
    buildKustomization(`k8s/overlays/${name}`).map((manifest) => [idOf(manifest), manifest]),
  );
  built.delete('Namespace/cassl');
  for (const manifest of wanted) {
    const id = idOf(manifest);
    if (!isDeepStrictEqual(sorted(built.get(id)), sorted(manifest))) {
      problems.push(`k8s/overlays/${name}: ${id} differs from what the chart renders`);
    }
    built.delete(id);
  }
  for (const id of built.keys()) problems.push(`k8s/overlays/${name}: ${id} is not in the chart`);
}

const isNamed = (item: unknown): item is { readonly name: string } =>
  typeof item === 'object' && item !== null && 'name' in item;

/** Named items of a list come in any order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every(isNamed) ? items.sort((a, b) => (a.name < b.name ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)]));
}

write('helm/cassl/files/nats-users.conf', USERS_HEADER + usersConfig());

const base = renderPlain(['base']);
write('k8s/base/cassl.yaml', documents(base));
const names = readdirSync(join(root, 'k8s/values'))
  .map((file) => file.replace('.yaml', ''))
  .filter((name) => name !== 'base');
for (const name of names) {
  const wanted = renderPlain(['base', name]);
  writeOverlay(name, base, wanted);
  compareOverlay(name, wanted);
}

const readme = readFileSync(join(root, 'helm/cassl/README.md'), 'utf8');
const table = valuesTable(readFileSync(join(root, 'helm/cassl/values.yaml'), 'utf8'));
write('helm/cassl/README.md', readme.replace(/(<!-- values -->\n)[^]*(<!-- end -->)/, `$1\n${table}\n\n$2`));

for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
