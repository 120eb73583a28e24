import { openLabelSet, writeFacts, writeLabelSet, type LabelSet, type LabelSetDraft } from '@cassl/labels';
import { openRequestedStore } from '@cassl/storage';

/** Writes a set made out of others beside the first of them, with facts that say so, and opens it. */
export async function deriveLabelSet(
  field: string,
  from: readonly [LabelSet, ...LabelSet[]],
  how: string,
  draft: LabelSetDraft,
  signal: AbortSignal,
): Promise<LabelSet> {
  const store = openRequestedStore(field, from[0].store.uri, 'write');
  const { address, digest } = await writeLabelSet(store, draft.header, draft.files(), signal);
  if (from.every((set) => set.digest !== digest)) {
    await writeFacts(store, digest, { madeBy: 'LabelSetService', from: from.map((set) => set.digest), how });
  }
  return openLabelSet(address, { signal });
}
