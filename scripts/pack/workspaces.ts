import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a package.json of ours says. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** "libs/rpc", from the root of the repository. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export const ROOT = join(import.meta.dirname, '../..');
export const SCOPE = '@cassl/';

/** Every lib and service. */
export function workspaces(): Workspace[] {
  return ['libs', 'services'].flatMap((kind) =>
    readdirSync(join(ROOT, kind))
      .map((name) => `${kind}/${name}`)
      .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
      .map((folder) => ({
        folder,
        manifest: JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest,
      })),
  );
}

/** Dependencies from the npm registry. */
export function foreignDependencies({ dependencies = {} }: Manifest): Record<string, string> {
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => !name.startsWith(SCOPE)));
}
