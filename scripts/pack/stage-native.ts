import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildAddon, findLibtorch, prebuiltName } from '@cassl/engine-torch';
import { nativePackage } from './stage-packages.ts';

/**
 * The addons of this platform, one for each libtorch in `torchDirs` ('' is Debian's), by version. N-API keeps one file right
 * for every Node.
 */
export function stageNative(out: string, version: string, torchDirs: readonly string[]): string {
  const target = join(out, basename(nativePackage()));
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'prebuilt'), { recursive: true });
  for (const torchDir of torchDirs) {
    const libtorch = findLibtorch(torchDir === '' ? undefined : torchDir);
    const path = join(target, 'prebuilt', prebuiltName(libtorch));
    mkdirSync(dirname(path), { recursive: true });
    cpSync(buildAddon(libtorch), path);
  }
  const manifest = {
    name: nativePackage(),
    version,
    license: 'Apache-2.0',
    description: 'Prebuilt native engine of cassl, by version of libtorch',
    os: [process.platform],
    cpu: [process.arch],
    files: ['prebuilt'],
  };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return target;
}
