import { basename } from 'node:path';
import { cocoIdField, jsonText, parseJson as parseExactly, brief, type CocoId } from '@cassl/coco';
import { CasslError, errorCode, errorMessage, invalidArgument } from '@cassl/errors';
import { locationOf } from '../addresses.ts';
import { readImageBytes } from '../read-image.ts';

/** A COCO annotation file whose lists exist; the entries are unchecked, as anything can be in them. */
export interface CocoDocument {
  readonly path: string;
  readonly images: readonly CocoEntry[];
  readonly annotations: readonly CocoEntry[];
  readonly categories: readonly CocoCategory[];
  /** The file's bytes, for the digest. */
  readonly bytes: Uint8Array;
}

export type CocoEntry = Readonly<Record<string, unknown>>;

export interface CocoCategory {
  readonly id: CocoId;
  readonly name: string;
  readonly supercategory: string;
  /** `isthing` of panoptic files. */
  readonly isThing?: boolean;
}

/** JavaScript's strings end there. */
const MAX_DOCUMENT_BYTES = 2 ** 29 - 24;

/**
 * Reads a COCO JSON file at a path or an address.
 * @throws NOT_FOUND where there is no file; INVALID_ARGUMENT naming the file and the field where it is not JSON or lacks
 *   `images`, `annotations` or `categories`.
 */
export async function readCocoDocument(path: string, signal?: AbortSignal): Promise<CocoDocument> {
  const location = locationOf('annotations', path);
  const bytes = await readImageBytes(location, { maxBytes: MAX_DOCUMENT_BYTES, signal }).catch(
    (error: unknown) => {
      signal?.throwIfAborted();
      const message = `annotations: cannot read ${path}: ${errorMessage(error)}`;
      throw new CasslError(errorCode(error), message, { cause: error });
    },
  );
  const document = parseJson(textOf(bytes, path), path);
  if (!isEntry(document)) throw invalidArgument(`${path}: must hold a JSON object`);
  return {
    path,
    bytes,
    images: entries(document, 'images', path),
    annotations: entries(document, 'annotations', path),
    categories: entries(document, 'categories', path).map((entry, index) => categoryOf(entry, index, path)),
  };
}

function textOf(bytes: Uint8Array, path: string): string {
  const text = jsonText(bytes, path);
  if (/^\uFEFF?\s*$/.test(text)) throw invalidArgument(`${path} is not JSON: it is empty`);
  return text;
}

function parseJson(text: string, path: string): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    // Python writes NaN and Infinity, which JSON does not know; as null they reach the annotation checks.
    const standard = text.replace(
      /("(?:[^"\\]|\\.)*")|-?\b(?:NaN|Infinity)\b/g,
      (_, quoted?: string) => quoted ?? 'null',
    );
    try {
      return parseExactly(standard);
    } catch {
      throw invalidArgument(`${path}: is not JSON: ${errorMessage(error)}`, { cause: error });
    }
  }
}

function entries(document: CocoEntry, field: string, path: string): readonly CocoEntry[] {
  const list = document[field];
  if (!Array.isArray(list)) {
    const found = list === undefined ? 'it is missing' : `got ${typeof list}`;
    throw invalidArgument(`${path}: '${field}' must be a list, ${found}${hint(path)}`);
  }
  for (const [index, entry] of list.entries()) {
    if (!isEntry(entry)) throw invalidArgument(`${path}: ${field}[${index}] must be an object`);
  }
  return list as CocoEntry[];
}

/** A list of images without labels is the usual mistake. */
function hint(path: string): string {
  return basename(path).startsWith('image_info') ? ' (an image_info file lists unlabeled images)' : '';
}

function categoryOf(entry: CocoEntry, index: number, path: string): CocoCategory {
  const { name, supercategory = 'none', isthing } = entry;
  const id = cocoIdField(entry, 'id', () => `${path}: categories[${index}]`);
  if (typeof name !== 'string' || name === '')
    throw invalidArgument(`${path}: categories[${index}].name is missing`);
  const category = { id, name, supercategory: String(supercategory) };
  if (isthing === undefined || isthing === null) return category;
  if (![0, 1, true, false].includes(isthing as number))
    throw invalidArgument(`${path}: categories[${index}].isthing must be 0 or 1, got ${brief(isthing)}`);
  return { ...category, isThing: Boolean(isthing) };
}

function isEntry(value: unknown): value is CocoEntry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
