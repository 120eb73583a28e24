import { open } from 'node:fs/promises';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import { parseJson } from './parse-json.ts';
import { notUtf8 } from './text-encoding.ts';
import { utf8Reader } from './utf8-reader.ts';

/**
 * Takes the elements of one array piece by piece, in order. The first call, with no elements, says that the array is
 * there.
 */
export type ArrayVisitor = (elements: readonly unknown[], firstIndex: number) => void;

const CHUNK_BYTES = 2 << 20;
const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  34, 92, 44, 91, 93, 123, 125,
];
const SPACE = 32;

/**
 * Reads a JSON file that is an array, or an object of arrays, in pieces: a data set's file never becomes one tree of
 * objects. Arrays without a visitor are passed over; all else is parsed by {@link parseJson}.
 * @param visitors by the array's key in the file's object, '' for a file that is an array itself
 * @throws NOT_FOUND without the file, INVALID_ARGUMENT for a file that is not JSON, and whatever a visitor throws.
 */
export async function readJsonArrays(
  path: string,
  visitors: Readonly<Record<string, ArrayVisitor>>,
): Promise<void> {
  const file = await open(path).catch((cause: unknown) => {
    throw notFound(`${path} cannot be opened: ${errorMessage(cause)}`, { cause });
  });
  try {
    const scanner = new ArrayScanner(path, visitors);
    const text = utf8Reader(file, path);
    let buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
    let kept = 0; // bytes at the start of `buffer` that belong to an unfinished element
    for (;;) {
      if (kept + CHUNK_BYTES > buffer.length) {
        const larger = Buffer.allocUnsafe(2 * buffer.length);
        buffer.copy(larger, 0, 0, kept);
        buffer = larger;
      }
      const bytesRead = await text.read(buffer, kept, CHUNK_BYTES);
      if (bytesRead === 0) break;
      const used = scanner.scan(buffer, kept + bytesRead);
      buffer.copyWithin(0, used, kept + bytesRead);
      kept = kept + bytesRead - used;
    }
    scanner.end(buffer.subarray(0, kept));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR') {
      throw invalidArgument(`${path} is a folder, not a JSON file`, { cause: error });
    }
    throw error;
  } finally {
    await file.close();
  }
}

/** Finds where elements end by counting brackets outside of strings; leaves their meaning to `JSON.parse`. */
class ArrayScanner {
  private readonly path: string;
  private readonly visitors: Readonly<Record<string, ArrayVisitor>>;
  /** The file with the elements of its arrays left out. */
  private skeleton = '';
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Depth of the array being read, 0 outside of any. */
  private arrayDepth = 0;
  private arrayName = '';
  private index = 0;
  /** Where the scan goes on in the next buffer: behind what has been seen of an unfinished element. */
  private resume = 0;

  constructor(path: string, visitors: Readonly<Record<string, ArrayVisitor>>) {
    this.path = path;
    this.visitors = visitors;
  }

  /** Handles the bytes [0, end) and returns how many of them are done with. */
  scan(bytes: Buffer, end: number): number {
    let start = 0; // of the elements, or of the part of the skeleton, not handed on yet
    let done = 0; // end of the last whole element after `start`
    let { depth, inString, escaped } = this;
    for (let i = this.resume; i < end; i++) {
      const byte = bytes[i]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (byte <= SPACE) continue;
      if (byte === QUOTE) {
        inString = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        depth++;
        if (byte === OPEN_LIST && this.arrayDepth === 0 && depth <= 2) {
          this.openArray(this.textOf(bytes.subarray(start, i + 1)), depth);
          start = done = i + 1;
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (byte === CLOSE_LIST && depth === this.arrayDepth) {
          this.handOn(bytes, start, i);
          this.arrayDepth = 0;
          start = done = i;
        }
        depth--;
      } else if (byte === COMMA && depth === this.arrayDepth && depth > 0) {
        done = i;
      }
    }
    this.depth = depth;
    this.inString = inString;
    this.escaped = escaped;
    if (this.arrayDepth > 0 && done > start) {
      this.handOn(bytes, start, done);
      start = done + 1; // behind the comma
    }
    this.resume = end - start;
    return start;
  }

  /** @param rest bytes after the last array */
  end(rest: Uint8Array): void {
    if (this.arrayDepth > 0) throw this.notJson(`it ends inside a list, after ${this.index} entries`);
    this.skeleton += this.textOf(rest);
    if (/^\uFEFF?\s*$/.test(this.skeleton)) throw this.notJson('it is empty');
    try {
      parseJson(this.skeleton);
    } catch (error) {
      throw this.notJson(errorMessage(error));
    }
  }

  private openArray(textBefore: string, depth: number): void {
    this.skeleton += textBefore;
    this.arrayDepth = depth;
    this.index = 0;
    const key = depth === 1 ? undefined : /"((?:[^"\\]|\\.)*)"\s*:\s*\[$/.exec(this.skeleton);
    this.arrayName = key?.[1] ?? '';
    this.visitors[this.arrayName]?.([], 0);
  }

  private handOn(bytes: Buffer, start: number, end: number): void {
    const visit = this.visitors[this.arrayName];
    if (visit === undefined) return;
    const text = this.textOf(bytes.subarray(start, end));
    if (text.trim() === '') {
      if (this.index > 0) throw this.notJson(`there is a comma behind the last of ${this.index} entries`);
      return;
    }
    let elements: unknown[];
    try {
      elements = parseJson(`[${text}]`) as unknown[];
    } catch (error) {
      throw this.badElements(text, errorMessage(error));
    }
    visit(elements, this.index);
    this.index += elements.length;
  }

  private textOf(bytes: Uint8Array): string {
    const fault = notUtf8(bytes);
    if (fault !== undefined) throw invalidArgument(`${this.path} ${fault}`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  }

  /** Python writes NaN and Infinity into files that it calls JSON; the entry and field are worth naming. */
  private badElements(text: string, reason: string): Error {
    const bare = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
    for (const match of text.matchAll(bare)) {
      if (match[0].startsWith('"')) continue;
      const before = text.slice(0, match.index);
      const field = /"(\w+)"\s*:\s*(?:\[[^\]"{}]*)?$/.exec(before)?.[1] ?? 'value';
      const entry = this.index + countElements(before);
      return invalidArgument(
        `${this.path}: ${this.arrayName || 'entry'}[${entry}].${field} is ${match[0]}, not a number`,
      );
    }
    return this.notJson(`${reason} (in ${this.arrayName || 'the list'} after entry ${this.index})`);
  }

  private notJson(reason: string): Error {
    return invalidArgument(`${this.path} is not JSON: ${reason.replaceAll(/\s+/g, ' ')}`);
  }
}

/** Whole elements in front of the one that `text` breaks off in. */
function countElements(text: string): number {
  let depth = 0;
  let count = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    if ('[{'.includes(match[0])) depth++;
    else if (']}'.includes(match[0])) depth--;
    else if (match[0] === ',' && depth === 0) count++;
  }
  return count;
}
