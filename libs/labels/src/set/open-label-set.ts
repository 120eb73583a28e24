import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CasslError, dataLoss, errorCode, errorMessage, isCasslError, notFound } from '@cassl/errors';
import { addressIn, DigestMeter, openRequestedStore, verified, type ObjectStore } from '@cassl/storage';
import { addressOf } from '../file/address-of.ts';
import { decodeRows } from '../file/label-file.ts';
import { readLabelFileRows, type LabelFileRows } from '../file/label-file-rows.ts';
import { isFailed, type LabelRow } from '../file/label-row.ts';
import { parseEntry, parseHeader } from './label-set-format.ts';
import type { LabelFileEntry, LabelSetHeader, LabelSetTotals } from './label-set-format.ts';
import { labelFileKey, placeOf } from './label-set-keys.ts';
import { isAbove } from './score-histogram.ts';
import { textLines } from '../file/text-lines.ts';

export interface OpenLabelSetOptions {
  /** Opens the folder. @default storage's openRequestedStore: any address that the process may read */
  readonly open?: ((folder: string) => ObjectStore) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Gets each line of the index as it is checked, for who keeps them all: `files()` would read them again. */
  readonly onFile?: ((entry: LabelFileEntry) => void) | undefined;
}

function openToRead(folder: string): ObjectStore {
  const address = folder.includes('://') ? folder : pathToFileURL(resolve(folder)).href;
  return openRequestedStore('label set', address, 'read');
}

/** A label set: its head in memory, its lines and labels read as they are asked for. */
export interface LabelSet {
  readonly address: string;
  readonly digest: string;
  readonly header: LabelSetHeader;
  readonly totals: LabelSetTotals;
  /** Where its label files lie. */
  readonly store: ObjectStore;
  /** The lines of the index, in order. @throws DATA_LOSS where it is no longer what was opened. */
  files(): AsyncIterable<LabelFileEntry>;
  /** The images of one label file, only with labels above the set's threshold. @throws DATA_LOSS for other bytes. */
  rowsOf(file: Pick<LabelFileEntry, 'digest'>): AsyncIterable<LabelRow>;
  /** As {@link rowsOf}, with all labels of the file, down to the floor. */
  allRowsOf(file: Pick<LabelFileEntry, 'digest'>): AsyncIterable<LabelRow>;
  /** As {@link rowsOf}, each row parsed when it is asked for: for who looks at a few of them. */
  readFile(file: Pick<LabelFileEntry, 'digest'>): Promise<LabelFileRows>;
  /** The images of all of them. */
  rows(): AsyncIterable<LabelRow>;
}

/**
 * Opens a label set and reads its index once, to hold it to its digest and its totals.
 * @throws NOT_FOUND, INVALID_ARGUMENT naming the line's field, DATA_LOSS where it is cut off or was changed.
 */
export async function openLabelSet(
  address: string,
  { open = openToRead, signal, onFile }: OpenLabelSetOptions = {},
): Promise<LabelSet> {
  const { folder, key, digest: named } = placeOf(addressOf(address));
  const store = open(folder);
  const bytes = (): AsyncIterable<Uint8Array> => store.get(key, signal === undefined ? {} : { signal });
  const meter = new DigestMeter();
  const once = named === undefined ? meter.through(bytes()) : verified(bytes(), named);
  const place = `label set ${addressIn(folder, key)}`;
  const { header, totals } = await readEnds(textLines(once, place), place, onFile).catch((error: unknown) => {
    if (errorCode(error) === 'DATA_LOSS' && !errorMessage(error).startsWith(place))
      throw dataLoss(`${place} was changed or cut off: ${errorMessage(error)}`, { cause: error });
    if (errorCode(error) !== 'NOT_FOUND') throw error;
    throw notFound(`${place} does not exist: a label set is the *.labelset.jsonl that a labeling wrote`, {
      cause: error,
    });
  });
  const digest = named ?? meter.digest();
  const index = (): AsyncIterable<string> => textLines(verified(bytes(), digest), place);

  async function* files(): AsyncGenerator<LabelFileEntry> {
    let number = 0;
    for await (const line of index()) {
      if (number++ === 0) continue;
      const entry = parseEntry(line);
      if (!('totals' in entry)) yield entry;
    }
  }

  function contentOf({ digest: wanted }: Pick<LabelFileEntry, 'digest'>): AsyncIterable<Uint8Array> {
    return verified(store.get(labelFileKey(wanted), signal === undefined ? {} : { signal }), wanted);
  }
  function allRowsOf(file: Pick<LabelFileEntry, 'digest'>): AsyncGenerator<LabelRow> {
    return decodeRows(contentOf(file), addressIn(folder, labelFileKey(file.digest)));
  }
  async function readFile(file: Pick<LabelFileEntry, 'digest'>): Promise<LabelFileRows> {
    const rows = await readLabelFileRows(contentOf(file), addressIn(folder, labelFileKey(file.digest)));
    return { ...rows, row: (index) => keepAbove(rows.row(index), header.threshold) };
  }
  async function* rowsOf(file: Pick<LabelFileEntry, 'digest'>): AsyncGenerator<LabelRow> {
    for await (const row of allRowsOf(file)) yield keepAbove(row, header.threshold);
  }
  async function* rows(): AsyncGenerator<LabelRow> {
    for await (const file of files()) yield* rowsOf(file);
  }
  return {
    address: addressIn(folder, key),
    digest,
    header,
    totals,
    store,
    files,
    rowsOf,
    allRowsOf,
    readFile,
    rows,
  };
}

function keepAbove(row: LabelRow, threshold: number): LabelRow {
  if (isFailed(row) || row.instances.every(({ score }) => isAbove(score, threshold))) return row;
  return { ...row, instances: row.instances.filter(({ score }) => isAbove(score, threshold)) };
}

async function readEnds(
  index: AsyncIterable<string>,
  place: string,
  onFile: OpenLabelSetOptions['onFile'],
): Promise<{ header: LabelSetHeader; totals: LabelSetTotals }> {
  let header: LabelSetHeader | undefined;
  let totals: LabelSetTotals | undefined;
  let files = 0;
  const inPlace = <Value>(read: () => Value): Value => {
    try {
      return read();
    } catch (error) {
      if (!isCasslError(error)) throw error;
      throw new CasslError(error.code, error.message.replace(/^label set/, place), { cause: error });
    }
  };
  for await (const line of index) {
    if (header === undefined) header = inPlace(() => parseHeader(line));
    else {
      const entry = inPlace(() => parseEntry(line));
      if ('totals' in entry) totals = entry.totals;
      else {
        files++;
        onFile?.(entry);
      }
    }
  }
  if (header === undefined || totals === undefined)
    throw dataLoss(`${place}: is cut off: its last line is missing`);
  if (totals.files !== files) throw dataLoss(`${place}: has ${files} files, its totals say ${totals.files}`);
  return { header, totals };
}
