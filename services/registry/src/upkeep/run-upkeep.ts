import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '@cassl/errors';
import { verifyBlob } from '../checkpoints/seal.ts';
import { tryLease } from '../database/lease.ts';
import type { Registry } from '../registry.ts';
import { reclaimStorage } from './reclaim-storage.ts';

const ROUND_MS = 3_600_000;

/**
 * Every hour, by one replica: removes what kills left behind, and hashes again every file whose last verification is older
 * than `verifyEveryMs` (0: none). The first round comes at once.
 */
export async function runUpkeep(
  registry: Registry,
  options: { readonly verifyEveryMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { verifyEveryMs, signal } = options;
  while (!signal.aborted) {
    try {
      await oneRound(registry, verifyEveryMs, signal);
    } catch (error) {
      if (!signal.aborted)
        registry.logger.warn({ reason: errorMessage(error) }, 'upkeep is tried again later');
    }
    await sleep(ROUND_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function oneRound(registry: Registry, verifyEveryMs: number, signal: AbortSignal): Promise<void> {
  const lease = await tryLease(registry.db, 'upkeep');
  if (lease === undefined) return;
  const stop = AbortSignal.any([signal, lease.signal]);
  try {
    const { leftovers, freedBytes } = await reclaimStorage(
      registry,
      { olderThan: undefined, dryRun: false },
      stop,
    );
    if (leftovers.length > 0)
      registry.logger.info({ leftovers, freedBytes }, 'removed what kills left behind');
    if (verifyEveryMs > 0) await verifyOld(registry, new Date(Date.now() - verifyEveryMs), stop);
  } finally {
    await lease.release();
  }
}

async function verifyOld(registry: Registry, before: Date, signal: AbortSignal): Promise<void> {
  const rows = await registry.db
    .selectFrom('checkpoints')
    .select('digest')
    .where((builder) => builder.or([builder('verified_at', 'is', null), builder('verified_at', '<', before)]))
    .orderBy('sequence')
    .execute();
  for (const { digest } of rows) {
    signal.throwIfAborted();
    await verifyBlob(registry, digest);
  }
}
