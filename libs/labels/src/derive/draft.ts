import type { LabelFileEntry, LabelSetHeader } from '../set/label-set-format.ts';

/** A label set that is not written yet: `writeLabelSet(store, draft.header, draft.files())` makes it one. */
export interface LabelSetDraft {
  readonly header: LabelSetHeader;
  files(): AsyncIterable<LabelFileEntry>;
}
