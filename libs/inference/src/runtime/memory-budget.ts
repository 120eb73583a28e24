import { resourceExhausted } from '@cassl/errors';
import type { FoundModel, ResidentModel } from './resident-model.ts';

export interface MemoryBudget {
  /** Bytes of resident memory for all model processes together. */
  readonly bytes: number;
  /** Over the budget: unload the model that was used least recently and is neither pinned nor at work, or refuse. */
  readonly policy: 'evict' | 'refuse';
}

/** Node, libtorch and tf.js before any weight is loaded. */
const PROCESS_BYTES = 300 * 2 ** 20;
/** Weights, their packed copies for convolutions, and the first activations. */
const COPIES = 3;

/** What a model that has not been loaded yet will need, roughly: replaced by its process's own figure once it runs. */
function estimateBytes({ spec, sizeBytes }: Pick<FoundModel, 'spec' | 'sizeBytes'>): number {
  return spec.kind === 'no-op' ? PROCESS_BYTES / 4 : PROCESS_BYTES + COPIES * sizeBytes;
}

/**
 * Who must go before a model fits, least recently used first.
 * @throws RESOURCE_EXHAUSTED where not enough may go
 */
export function chooseEvictions(
  wanted: FoundModel,
  residents: readonly ResidentModel[],
  isPinned: (model: ResidentModel) => boolean,
  { bytes, policy }: MemoryBudget,
): ResidentModel[] {
  const size = (model: ResidentModel): number => Math.max(model.residentBytes, estimateBytes(model.found));
  const needed = estimateBytes(wanted);
  // One that did not come up is remembered and holds nothing.
  const holding = residents.filter(({ state }) => state !== 'failed');
  let used = holding.reduce((sum, model) => sum + size(model), 0);
  const idle = holding
    .filter((model) => !isPinned(model) && model.pending === 0 && model.state !== 'loading')
    .sort((a, b) => a.lastUsedAt - b.lastUsedAt);
  const evicted: ResidentModel[] = [];
  while (used + needed > bytes) {
    const next = policy === 'evict' ? idle[evicted.length] : undefined;
    if (next === undefined) {
      throw resourceExhausted(
        `model ${wanted.digest} needs about ${mebibytes(needed)}; ${holding.length} models hold ${mebibytes(used)} of the ${mebibytes(bytes)} for models${policy === 'evict' ? ' and all are pinned or at work' : ''}. Unload one or raise the budget`,
      );
    }
    evicted.push(next);
    used -= size(next);
  }
  return evicted;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
