import { invalidArgument } from '@cassl/errors';
import { toJson } from './to-json.ts';

/** Names an entry of a file in messages: `dt.json: entry[3]`. */
export type EntryName = () => string;

/** @throws INVALID_ARGUMENT unless the entry is an object. */
export function objectEntry(value: unknown, name: EntryName): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalidArgument(`${name()} must be an object, got ${brief(value)}`);
}

/** @throws INVALID_ARGUMENT unless the field is a finite number. */
export function finiteField(entry: Record<string, unknown>, field: string, name: EntryName): number {
  const value = entry[field];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  // Whole numbers beyond 2^53 are read exactly, for ids; as a measure one is a number like any other.
  if (typeof value === 'bigint') return Number(value);
  throw invalidArgument(`${name()}.${field} must be a finite number, got ${brief(value)}`);
}

/** Copies a list of `length` finite numbers to `target[at…]`. @throws INVALID_ARGUMENT for anything else. */
export function copyNumbers(
  value: unknown,
  length: number,
  target: Float64Array,
  at: number,
  field: string,
  name: EntryName,
): void {
  if (!Array.isArray(value) || value.length !== length) {
    throw invalidArgument(`${name()}.${field} must be a list of ${length} numbers, got ${brief(value)}`);
  }
  for (let i = 0; i < length; i++) {
    const number = value[i] as unknown;
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw invalidArgument(`${name()}.${field}[${i}] must be a finite number, got ${brief(number)}`);
    }
    target[at + i] = number;
  }
}

/** A value in a message, cut to 40 characters. */
export function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no name for it; a file has one by 1e999.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = toJson(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** @throws INVALID_ARGUMENT unless the field is a text. */
export function textField(entry: Record<string, unknown>, field: string, name: EntryName): string {
  const value = entry[field];
  if (typeof value === 'string') return value;
  throw invalidArgument(`${name()}.${field} must be a text, got ${brief(value)}`);
}
