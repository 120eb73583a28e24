import { createHash, type Hash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Libtorch } from './find-libtorch.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The C++ sources, and binding.gyp beside them. */
export const nativeDir = join(root, 'native');

/** Where this libtorch, this Node ABI and these sources keep their build: a change of any makes another folder. */
function buildDir(libtorch: Libtorch): string {
  const hash = hashSources(createHash('sha256').update(JSON.stringify(libtorch)));
  const key = `${libtorch.version}${libtorch.cuda ? '-cuda' : ''}-abi${process.versions.modules}-${process.arch}`;
  return join(root, 'build', `${key}-${hash.digest('hex').slice(0, 12)}`);
}

/** Twelve hex digits that tell these sources from others: an addon of other sources has other functions. */
export function sourcesDigest(): string {
  return hashSources(createHash('sha256')).digest('hex').slice(0, 12);
}

function hashSources(hash: Hash): Hash {
  for (const { parentPath, name } of nativeFiles()) {
    hash.update(name).update(readFileSync(join(parentPath, name)));
  }
  return hash;
}

function nativeFiles(): { readonly parentPath: string; readonly name: string }[] {
  return readdirSync(nativeDir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .sort((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1));
}

/** The built addon in that folder. */
export function addonPath(libtorch: Libtorch): string {
  return join(buildDir(libtorch), 'cassl_torch.node');
}
