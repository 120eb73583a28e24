import { failedPrecondition, invalidArgument } from '@cassl/errors';
import type { ModelIdentity } from '@cassl/inference';
import { downloadCheckpoint, type DownloadedCheckpoint } from '@cassl/rpc';
import type { RegistryClient } from '@cassl/workers';

export interface FindCheckpoint {
  /** Resolves a digest or alias and makes sure that its file is here. @throws NOT_FOUND */
  (reference: string): Promise<DownloadedCheckpoint>;
}

/** An alias may move; a stream of images must not ask the registry for each. */
const ALIAS_TTL_MS = 2000;

export function createCheckpointFinder(registry: RegistryClient, cacheDir: string): FindCheckpoint {
  const known = new Map<string, { readonly at: number; readonly found: Promise<DownloadedCheckpoint> }>();
  return (reference) => {
    if (reference === '')
      throw invalidArgument('checkpoint is missing: give a digest or an alias of the registry');
    const entry = known.get(reference);
    if (entry !== undefined && performance.now() - entry.at < ALIAS_TTL_MS) return entry.found;
    const found = downloadCheckpoint({ client: registry, reference, cacheDir });
    known.set(reference, { at: performance.now(), found });
    found.catch(() => known.delete(reference));
    return found;
  };
}

/** @throws FAILED_PRECONDITION for a checkpoint that tells classes apart */
export function assertAgnostic({ checkpoint: { digest, manifest } }: DownloadedCheckpoint): void {
  assertAgnosticModel({ digest, categories: manifest?.categories ?? [] });
}

/** @throws FAILED_PRECONDITION for a model that tells classes apart */
export function assertAgnosticModel({ digest, categories }: ModelIdentity): void {
  if (categories.length > 1) {
    throw failedPrecondition(
      `checkpoint ${digest} distinguishes ${categories.length} classes; labeling needs a class-agnostic one. Use DetectorService for it`,
    );
  }
}
