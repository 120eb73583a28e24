import type { FieldDescriptor, Lookup, MessageDescriptor } from './hostile-message.ts';

/** A request that is plausible but for one field. */
export interface BoundaryRequest {
  /** `spec.schedule.iterations` */
  readonly field: string;
  /** What the field has, for people. */
  readonly value: string;
  /** It is longer than any text or list may be, whatever it is for: it must be refused by the field's name. */
  readonly isTooLong?: true;
  readonly message: object;
}

const MEBIBYTE = 2 ** 20;
/** Fields with the numbers of a tensor, of which a picture has millions. */
const TENSOR = /_contents$/;
/** Entries of a list that is longer than any that makes sense. */
const MANY = 100_000;
/** Messages within messages; those of ours are no deeper. */
const DEPTH = 6;

const SIGNED_32 = [0, -1, 2 ** 31 - 1, -(2 ** 31)];
const UNSIGNED_32 = [0, 1, 2 ** 32 - 1];
const SIGNED_64 = ['0', '-1', '9007199254740993', '9223372036854775807', '-9223372036854775808'];
const UNSIGNED_64 = ['0', '9007199254740993', '18446744073709551615'];
const REAL = [0, -1, NaN, Infinity, -Infinity, 2 ** 53 + 2, 3e38];
const TEXTS = [
  '',
  'a\0b',
  'line\nbreak',
  '%',
  '../../x',
  // Cut at an even or an odd place it ends in half of a character.
  `a${'😀'.repeat(3000)}`,
  '😀'.repeat(3000),
  'x'.repeat(3 * MEBIBYTE),
];
const BYTES = [Buffer.alloc(0), Buffer.alloc(1), Buffer.from('line\nbreak'), Buffer.alloc(3 * MEBIBYTE)];
const ENUM = [0, -1, 99, 2 ** 31 - 1];

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  TYPE_STRING: TEXTS,
  TYPE_BYTES: BYTES,
  TYPE_BOOL: [false, true],
  TYPE_ENUM: ENUM,
  TYPE_FLOAT: REAL,
  TYPE_DOUBLE: REAL,
  TYPE_INT32: SIGNED_32,
  TYPE_UINT32: UNSIGNED_32,
  TYPE_INT64: SIGNED_64,
  TYPE_UINT64: UNSIGNED_64,
};

/**
 * For each field of a message and of those in it, requests in which it has a value at its bounds or beyond, or is as long a list as
 * nobody needs.
 * @param seen fields of messages that other requests had already; those of this one are added
 */
export function* boundaryRequests(
  request: MessageDescriptor,
  lookup: Lookup,
  seen: Set<string> = new Set(),
): Generator<BoundaryRequest> {
  yield* walk(request, '', (message) => message);

  function* walk(
    message: MessageDescriptor,
    prefix: string,
    inRequest: (message: object) => object,
    depth = 0,
  ): Generator<BoundaryRequest> {
    for (const field of message.field) {
      const place = `${message.name}.${field.name}`;
      if (depth > 0 && seen.has(place)) continue;
      seen.add(place);
      const path = `${prefix}${field.name}`;
      const isList = field.label === 'LABEL_REPEATED';
      const withValue = (value: unknown): object =>
        inRequest({ ...plausible(message, lookup, depth), [field.name]: value });
      const asValue = (value: unknown): object => withValue(isList ? listOf(field, value, message) : value);
      for (const value of VALUES[field.type] ?? [])
        yield { field: path, value: shown(value), message: asValue(value), ...tooLong(isLongText(value)) };
      const inner = field.type === 'TYPE_MESSAGE' ? innerOf(field, message, lookup) : undefined;
      if (isList && inner?.options?.mapEntry !== true) {
        const one = inner === undefined ? plausibleValue(field, message, lookup, depth) : {};
        const many = withValue(Array<unknown>(MANY).fill(one));
        yield { field: path, value: `${MANY} entries`, message: many, ...tooLong(!TENSOR.test(field.name)) };
      }
      if (inner !== undefined && depth < DEPTH) yield* walk(inner, `${path}.`, asValue, depth + 1);
    }
  }
}

function isLongText(value: unknown): boolean {
  return typeof value === 'string' && value.length >= MEBIBYTE;
}

function tooLong(isTooLong: boolean): Pick<BoundaryRequest, 'isTooLong'> {
  return isTooLong ? { isTooLong } : {};
}

/** Names of all fields of a request, as messages may have them. */
export function fieldNames(request: MessageDescriptor, lookup: Lookup): Set<string> {
  const names = new Set<string>();
  const visited = new Set<MessageDescriptor>();
  const visit = (message: MessageDescriptor): void => {
    if (visited.has(message)) return;
    visited.add(message);
    for (const field of message.field) {
      names.add(field.name).add(field.name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
      const inner = innerOf(field, message, lookup);
      if (inner !== undefined) visit(inner);
    }
  };
  visit(request);
  return names;
}

/** Every field set to something that may be right; of a message with a `oneof` none, since only one of those may be. */
function plausible(message: MessageDescriptor, lookup: Lookup, depth: number): Record<string, unknown> {
  const hasChoice = message.oneofDecl.some(({ name }) => !name.startsWith('_'));
  if (hasChoice || depth > DEPTH) return {};
  return Object.fromEntries(
    message.field.map((field) => {
      const value = plausibleValue(field, message, lookup, depth);
      return [field.name, field.label === 'LABEL_REPEATED' ? listOf(field, value, message) : value];
    }),
  );
}

function plausibleValue(
  field: FieldDescriptor,
  parent: MessageDescriptor,
  lookup: Lookup,
  depth: number,
): unknown {
  if (field.type === 'TYPE_STRING') return /uri/.test(field.name) ? 'file:///nowhere/a' : 'a';
  if (field.type === 'TYPE_BYTES') return Buffer.from('a');
  if (field.type === 'TYPE_MESSAGE') {
    const inner = innerOf(field, parent, lookup);
    return inner === undefined ? {} : plausible(inner, lookup, depth + 1);
  }
  return field.type === 'TYPE_BOOL' ? false : 1;
}

function listOf(field: FieldDescriptor, value: unknown, parent: MessageDescriptor): unknown {
  const isMap = entryOf(field, parent) !== undefined;
  if (!isMap) return [value];
  const { key = 'a', value: held = {} } = value as { readonly key?: unknown; readonly value?: unknown };
  return { [String(key)]: held };
}

/** Of a map: its entry, which is a message within the message. */
function entryOf(field: FieldDescriptor, parent: MessageDescriptor): MessageDescriptor | undefined {
  if (field.type !== 'TYPE_MESSAGE') return undefined;
  const name = field.typeName.slice(field.typeName.lastIndexOf('.') + 1);
  return parent.nestedType.find((nested) => nested.name === name && nested.options?.mapEntry === true);
}

function innerOf(
  field: FieldDescriptor,
  parent: MessageDescriptor,
  lookup: Lookup,
): MessageDescriptor | undefined {
  if (field.type !== 'TYPE_MESSAGE') return undefined;
  const name = field.typeName.slice(field.typeName.lastIndexOf('.') + 1);
  return parent.nestedType.find((nested) => nested.name === name) ?? lookup(field.typeName);
}

function shown(value: unknown): string {
  const text = Buffer.isBuffer(value) ? `${value.length} bytes` : JSON.stringify(value);
  return typeof value === 'number' ? String(value) : text.slice(0, 30);
}
