import type { Random } from './random.ts';

/** Of `google.protobuf.FieldDescriptorProto`, as proto-loader gives it. */
export interface FieldDescriptor {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly typeName: string;
}

export interface MessageDescriptor {
  readonly name: string;
  readonly field: readonly FieldDescriptor[];
  /** Those of `optional` fields have names that begin with an underscore. */
  readonly oneofDecl: readonly { readonly name: string }[];
  readonly nestedType: readonly MessageDescriptor[];
  readonly options: { readonly mapEntry?: boolean } | null;
}

/** Finds a message by its full name. */
export type Lookup = (typeName: string) => MessageDescriptor | undefined;

const TEXTS = [
  '',
  'a',
  'a\0b',
  'line\nbreak',
  '../../x',
  ' ',
  '-',
  'ünïcödé-😀',
  '\u202e',
  'x'.repeat(300),
  'x'.repeat(300_000),
  'a b#c%20?d&e',
  'back\\slash',
  'file:///',
  'file:///etc/passwd',
  'file:///proc/self/mem',
  'file:///dev/zero',
  'file://host/x',
  's3://',
  's3://bucket/../x',
  'http://127.0.0.1:1/',
  `sha256:${'0'.repeat(64)}`,
  '0'.repeat(64),
  'sha256:xyz',
  'tiny',
  'demo/labeler',
  '{"a":1}',
  '%s%n',
  '$(id)',
];
const WHOLE = [0, 1, -1, 7, 255, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1];
const WIDE = ['0', '1', '-1', '9007199254740993', '18446744073709551615', '-9223372036854775808'];
const REAL = [0, -0, 0.4, 1, -1, 1e308, -1e308, 1e-320, Infinity, -Infinity, NaN];
const DEPTH = 4;

export interface HostileOptions {
  readonly lookup: Lookup;
  /** More texts, for example the name of something that exists. */
  readonly texts: readonly string[];
}

/** A text that someone may send by mistake or on purpose; half of them one of `known`, where there are such. */
export function hostileText(random: Random, known: readonly string[] = []): string {
  return known.length > 0 && random.next() < 0.5 ? random.pick(known) : random.pick(TEXTS);
}

/** A message whose fields are empty, plausible or hostile, for `fromObject`-like serializers. */
export function hostileMessage(
  random: Random,
  message: MessageDescriptor,
  options: HostileOptions,
  depth = 0,
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of message.field) {
    if (random.next() < 0.35) continue;
    const one = (): unknown => hostileValue(random, field, options, depth);
    const isList = field.label === 'LABEL_REPEATED';
    object[field.name] = isList ? Array.from({ length: random.below(3) }, one) : one();
  }
  return object;
}

function hostileValue(
  random: Random,
  field: FieldDescriptor,
  options: HostileOptions,
  depth: number,
): unknown {
  switch (field.type) {
    case 'TYPE_STRING':
      return hostileText(random, options.texts);
    case 'TYPE_BYTES':
      return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
    case 'TYPE_BOOL':
      return random.next() < 0.5;
    case 'TYPE_DOUBLE':
    case 'TYPE_FLOAT':
      return random.pick(REAL);
    case 'TYPE_INT64':
    case 'TYPE_UINT64':
    case 'TYPE_SINT64':
    case 'TYPE_FIXED64':
    case 'TYPE_SFIXED64':
      return random.pick(WIDE);
    case 'TYPE_ENUM':
      return random.pick([0, 1, 2, 99, -1]);
    case 'TYPE_MESSAGE': {
      const inner = options.lookup(field.typeName);
      return inner === undefined || depth >= DEPTH ? {} : hostileMessage(random, inner, options, depth + 1);
    }
    default:
      return random.pick(WHOLE);
  }
}
