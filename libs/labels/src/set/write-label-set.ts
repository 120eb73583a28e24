import { createHash, randomUUID } from 'node:crypto';
import { addressIn, type ObjectStore } from '@cassl/storage';
import { fileLine, headerLine, totalsLine } from './label-set-format.ts';
import type { LabelFileEntry, LabelSetHeader, LabelSetTotals } from './label-set-format.ts';
import { labelSetKey } from './label-set-keys.ts';

export interface WrittenLabelSet {
  readonly digest: string;
  /** What `openLabelSet` and the trainer take. */
  readonly address: string;
  readonly totals: LabelSetTotals;
}

type Entries = Iterable<LabelFileEntry> | AsyncIterable<LabelFileEntry>;

/**
 * Writes the index of a label set beside its label files. The entries come in manifest order, streamed: memory does not
 * grow with their number. Writing the same set again changes nothing and answers the same digest.
 */
export async function writeLabelSet(
  store: ObjectStore,
  header: LabelSetHeader,
  files: Entries,
  signal?: AbortSignal,
): Promise<WrittenLabelSet> {
  const hash = createHash('sha256');
  const totals = { files: 0, images: 0, labeled: 0, empty: 0, failed: 0, labels: 0 };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of inBlocks(linesOf(header, files, totals))) {
      signal?.throwIfAborted();
      hash.update(chunk);
      yield chunk;
    }
  }
  // The name is known only at the end; parts of it may not be seen under it before.
  const temporary = `unnamed-${randomUUID()}`;
  await store.put(temporary, chunks(), signal === undefined ? {} : { signal });
  const digest = `sha256:${hash.digest('hex')}`;
  const key = labelSetKey(digest);
  await store.move(temporary, key);
  return { digest, address: addressIn(store.uri, key), totals };
}

async function* linesOf(
  header: LabelSetHeader,
  files: Entries,
  totals: { -readonly [Name in keyof LabelSetTotals]: number },
): AsyncGenerator<string> {
  yield headerLine(header);
  for await (const entry of files) {
    totals.files++;
    for (const name of ['images', 'labeled', 'empty', 'failed', 'labels'] as const)
      totals[name] += entry[name];
    yield fileLine(entry);
  }
  yield totalsLine(totals);
}

const BLOCK = 1 << 18;

async function* inBlocks(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const line of lines) {
    text += `${line}\n`;
    if (text.length < BLOCK) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}
