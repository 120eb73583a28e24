import { invalidArgument } from '@cassl/errors';
import { brief, type EntryName } from './field.ts';

/** An image, annotation or category id, exactly as its file has it: a bigint beyond 2^53. */
export type CocoId = number | bigint | string;

/** True for a whole number of any size, or a text. */
export function isCocoId(value: unknown): value is CocoId {
  return typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** @throws INVALID_ARGUMENT unless the field is a whole number or a text. */
export function cocoIdField(
  entry: Readonly<Record<string, unknown>>,
  field: string,
  name: EntryName,
): CocoId {
  const value = entry[field];
  if (isCocoId(value)) return value;
  // What is written out is read exactly, and so is never a number of this kind.
  if (Number.isInteger(value))
    throw invalidArgument(
      `${name()}.${field} is beyond 2^53 and written with an exponent: write out its digits`,
    );
  throw invalidArgument(`${name()}.${field} must be a whole number or a text, got ${brief(value)}`);
}

/** Numbers by value, then texts: the order in which images and categories are pooled. */
export function compareIds(a: CocoId, b: CocoId): number {
  if (typeof a === 'string' || typeof b === 'string') {
    if (typeof a !== typeof b && (typeof a !== 'string' || typeof b !== 'string'))
      return typeof a === 'string' ? 1 : -1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Why `id` is none of `known`: says so where only the type differs.
 * @param of what has these ids: "the ground truth's images"
 */
export function unknownId(id: CocoId, known: ReadonlyMap<CocoId, unknown>, of: string): string {
  const type = isText(id) ? 'text' : 'number';
  const twin = otherType(id);
  const others = isText(id) ? 'numbers' : 'texts';
  if (haveOnly(known, isText(id) ? 'number' : 'text'))
    return `${brief(id)} is a ${type}, but the ids of ${of} are ${others}`;
  if (twin !== undefined && known.has(twin))
    return `${brief(id)} is a ${type}, but ${of} have the ${isText(twin) ? 'text' : 'number'} ${brief(twin)}`;
  return `${brief(id)} is none of the ids of ${of}`;
}

/** Of as many ids as tell; none of a data set of a million is looked at for each of its labels. */
const LOOKED_AT = 1000;

function haveOnly(known: ReadonlyMap<CocoId, unknown>, type: 'text' | 'number'): boolean {
  let seen = 0;
  for (const id of known.keys()) {
    if (isText(id) !== (type === 'text')) return false;
    if (++seen === LOOKED_AT) break;
  }
  return seen > 0;
}

/** "7" for 7, 7 for "7", nothing for a text that is no whole number. */
function otherType(id: CocoId): CocoId | undefined {
  if (!isText(id)) return String(id);
  if (!/^-?\d{1,40}$/.test(id)) return undefined;
  const whole = BigInt(id);
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

function isText(id: CocoId): id is string {
  return typeof id === 'string';
}
