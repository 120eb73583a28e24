import { readFile } from 'node:fs/promises';
import { jsonText, parseJson } from '@cassl/coco';
import { errorMessage, invalidArgument } from '@cassl/errors';
import { Manifest } from '@cassl/proto';
import type { RegistryClient } from './with-registry.ts';

export interface ManifestFlags {
  readonly manifest?: string;
  readonly parent: readonly string[];
  readonly tag: readonly string[];
  readonly license?: string;
}

/**
 * A manifest from a file and flags, without the parents that flags name.
 * @throws INVALID_ARGUMENT that names the flag
 */
export async function readManifest({ manifest: path, tag, license }: ManifestFlags): Promise<Manifest> {
  const manifest = path === undefined ? Manifest.fromPartial({}) : await readFileOf(path);
  return {
    ...manifest,
    tags: { ...manifest.tags, ...Object.fromEntries(tag.map(parseTag)) },
    license: license ?? manifest.license,
  };
}

/** With the checkpoints that references name as its parents, by their digests. */
export async function withParents(
  manifest: Manifest,
  references: readonly string[],
  registry: RegistryClient,
): Promise<Manifest> {
  const parents = new Set(manifest.parents);
  for (const reference of references) {
    const { checkpoint } = await registry.getCheckpoint({ reference });
    if (checkpoint !== undefined) parents.add(checkpoint.digest);
  }
  return { ...manifest, parents: [...parents] };
}

async function readFileOf(path: string): Promise<Manifest> {
  try {
    return Manifest.fromJSON(parseJson(jsonText(await readFile(path), path)));
  } catch (cause) {
    throw invalidArgument(`--manifest ${path}: ${errorMessage(cause)}`, { cause });
  }
}

function parseTag(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw invalidArgument(`--tag must be key=value, got ${JSON.stringify(text)}`);
}
