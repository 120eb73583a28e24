import { invalidArgument } from '@cassl/errors';

interface Range {
  /** Where the query has none, or an empty one. */
  readonly otherwise: number;
  readonly min: number;
  readonly max: number;
}

/** As people write them: `Number` would also take a space for 0, and `0x10`. */
const PLAIN = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const SHOWN = 40;

/** A number of the query `name`. @throws INVALID_ARGUMENT naming it and its bounds */
export function queryNumber(name: string, text: string | undefined, range: Range): number {
  return numberIn(name, text, { ...range, kind: 'number' });
}

/** A whole number of the query `name`. @throws INVALID_ARGUMENT naming it and its bounds */
export function queryWhole(name: string, text: string | undefined, range: Range): number {
  return numberIn(name, text, { ...range, kind: 'whole number' });
}

function numberIn(
  name: string,
  text = '',
  { otherwise, min, max, kind }: Range & { readonly kind: 'number' | 'whole number' },
): number {
  const value = text === '' ? otherwise : PLAIN.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max && (kind === 'number' || Number.isInteger(value))) return value;
  throw invalidArgument(`${name} must be a ${kind} from ${min} to ${max}, got ${shown(text)}`);
}

/** One of the texts that the query `name` may have; the first where it has none. @throws INVALID_ARGUMENT naming them */
export function queryChoice<T extends string>(
  name: string,
  given: string | undefined,
  known: readonly [T, ...T[]],
): T {
  if (given === undefined) return known[0];
  const found = known.find((value) => value === given);
  if (found !== undefined) return found;
  throw invalidArgument(`${name} must be one of ${known.join(', ')}, got ${shown(given)}`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
