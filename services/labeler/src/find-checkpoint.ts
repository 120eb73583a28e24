import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, failedPrecondition, invalidArgument } from '@cassl/errors';
import type { ModelIdentity } from '@cassl/inference';
import { downloadCheckpoint, type DownloadCheckpointOptions, type DownloadedCheckpoint } from '@cassl/rpc';

export interface FindCheckpoint {
  /** Resolves a digest or alias and makes sure that its file is here. @throws NOT_FOUND */
  (reference: string): Promise<DownloadedCheckpoint>;
}

/** An alias may move; a stream of images must not ask the registry for each. */
const ALIAS_TTL_MS = 2000;
/** A registry that says nothing for so long is answered for by what it said last. */
const PATIENCE_MS = 1000;
const MAX_KNOWN = 1000;

interface Known {
  readonly askedAt: number;
  readonly asked: Promise<DownloadedCheckpoint>;
  /** What the registry said last; a frozen or absent one must not hold what is resident. */
  readonly last: DownloadedCheckpoint | undefined;
}

/**
 * Finds checkpoints, and keeps what it found: a digest is never asked for twice, an alias at most every two seconds. While
 * the registry is away an alias stays where it was.
 */
export function createCheckpointFinder(
  registry: DownloadCheckpointOptions['client'],
  cacheDir: string,
  now: () => number = () => performance.now(),
): FindCheckpoint {
  const known = new Map<string, Known>();
  const ask = (reference: string, last: DownloadedCheckpoint | undefined): Known => {
    const asked = downloadCheckpoint({ client: registry, reference, cacheDir });
    const entry = { askedAt: now(), asked, last };
    known.delete(reference);
    known.set(reference, entry);
    asked.then(
      (found) => known.get(reference) === entry && known.set(reference, { ...entry, last: found }),
      (error: unknown) => {
        // Away is not gone: only an answer takes the last one from us.
        const isGone = last === undefined || !isOutage(error);
        if (isGone && known.get(reference) === entry) known.delete(reference);
      },
    );
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    return entry;
  };
  return async (reference) => {
    if (reference === '')
      throw invalidArgument('checkpoint is missing: give a digest or an alias of the registry');
    const before = known.get(reference);
    if (before?.last !== undefined && DIGEST.test(reference)) return before.last;
    const isFresh = before !== undefined && now() - before.askedAt < ALIAS_TTL_MS;
    const { asked, last } = isFresh ? before : ask(reference, before?.last);
    if (last === undefined) return asked;
    const waited = new AbortController();
    const patience = delay(PATIENCE_MS, last, { signal: waited.signal }).catch(() => last);
    try {
      return await Promise.race([asked, patience]);
    } catch (error) {
      if (isOutage(error)) return last;
      throw error;
    } finally {
      waited.abort();
    }
  };
}

const DIGEST = /^(sha256:)?[0-9a-f]{64}$/;

function isOutage(error: unknown): boolean {
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(errorCode(error));
}

/** @throws FAILED_PRECONDITION for a checkpoint that tells classes apart */
export function assertAgnostic({ checkpoint: { digest, manifest } }: DownloadedCheckpoint): void {
  assertAgnosticModel({ digest, categories: manifest?.categories ?? [] });
}

/** @throws FAILED_PRECONDITION for a model that tells classes apart */
export function assertAgnosticModel({ digest, categories }: ModelIdentity): void {
  if (categories.length > 1) {
    throw failedPrecondition(
      `checkpoint ${digest} distinguishes ${categories.length} classes; labeling needs a class-agnostic one. Use DetectorService for it, or LabelingOptions.class_specific for a labeling that keeps classes`,
    );
  }
}
