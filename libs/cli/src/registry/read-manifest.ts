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

/** A manifest from a file and flags; parents named by alias become digests. */
export async function readManifest(registry: RegistryClient, flags: ManifestFlags): Promise<Manifest> {
  const manifest = flags.manifest === undefined ? Manifest.fromPartial({}) : await readFileOf(flags.manifest);
  const parents: string[] = [];
  for (const reference of flags.parent) {
    const { checkpoint } = await registry.getCheckpoint({ reference });
    if (checkpoint !== undefined) parents.push(checkpoint.digest);
  }
  return {
    ...manifest,
    parents: [...new Set([...manifest.parents, ...parents])],
    tags: { ...manifest.tags, ...Object.fromEntries(flags.tag.map(parseTag)) },
    license: flags.license ?? manifest.license,
  };
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
