import { recordOf, type LabelRecord } from '../file/label-record.ts';
import { isFailed } from '../file/label-row.ts';
import { readLabelFiles } from '../file/read-label-files.ts';
import { isLabelSet } from './label-set-keys.ts';
import { openLabelSet } from './open-label-set.ts';

/** The records behind addresses of label files and of label sets, in the order given; images that failed are passed over. */
export async function* readLabels(addresses: readonly string[]): AsyncGenerator<LabelRecord, void> {
  for (const address of addresses) {
    if (isLabelSet(address)) {
      const set = await openLabelSet(address);
      for await (const row of set.rows()) if (!isFailed(row)) yield recordOf(row);
    } else yield* readLabelFiles([address]);
  }
}
