/** A body that is right but for one field. */
interface BoundaryBody {
  /** For people. */
  readonly what: string;
  readonly body: string;
  /** One of these must stand in a refusal. */
  readonly names: readonly string[];
}

const MARK = '@HERE@';
const DEEP = 20_000;

/** As JSON text, since JSON has no name for some of them. */
const VALUES: Readonly<Record<string, string>> = {
  null: 'null',
  true: 'true',
  'an empty text': '""',
  'a text': '"what"',
  'a text with NUL': '"a\\u0000b"',
  'half of a character': '"\\ud83d"',
  'a long text': JSON.stringify('x'.repeat(2 ** 20)),
  '0': '0',
  '-1': '-1',
  '1.5': '1.5',
  '1e308': '1e308',
  '1e999': '1e999',
  '2^53 + 2': '9007199254740994',
  NaN: 'NaN',
  '-Infinity': '-Infinity',
  'an empty list': '[]',
  'a list': '["a", 1, null, {}]',
  '100,000 entries': `[${'1,'.repeat(99_999)}1]`,
  'an empty object': '{}',
  'an object': '{"a": 1, "__proto__": {"b": 2}, "constructor": null}',
  'lists within lists': '['.repeat(DEEP) + ']'.repeat(DEEP),
  'objects within objects': '{"a":'.repeat(DEEP) + '1' + '}'.repeat(DEEP),
};

/** For each field of a right body, bodies in which it is missing, of another type, or at its bounds. */
export function* boundaryBodies(right: object): Generator<BoundaryBody> {
  for (const path of pathsOf(right)) {
    const names = namesAt(right, path);
    const shown = path.join('.') || 'the body';
    if (path.length > 0)
      yield { what: `${shown} missing`, body: JSON.stringify(changed(right, path, undefined)), names };
    for (const [what, value] of Object.entries(VALUES)) {
      const body = JSON.stringify(changed(right, path, MARK)).replace(`"${MARK}"`, () => value);
      yield { what: `${shown} = ${what}`, body, names };
    }
  }
}

/** A refusal may name the field, one that holds it, a tensor by its name, or the body; of a body that is wrong, any field. */
function namesAt(right: object, path: Path): string[] {
  const parts = path.map(String).filter((part) => !/^\d+$/.test(part));
  const tensors = [...JSON.stringify(right).matchAll(/"name":"(\w+)"/g)].map(([, name]) => name ?? '');
  return path.length === 0
    ? ['body', 'settings', 'key', 'image', ...Object.keys(right)]
    : [...parts, ...tensors, 'body'];
}

type Path = readonly (string | number)[];

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* pathsOf(item, [...path, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) yield* pathsOf(item, [...path, name]);
}

function changed(value: unknown, [first, ...rest]: Path, to: unknown): unknown {
  if (first === undefined) return to;
  if (Array.isArray(value))
    return value.map((item, at) => (at === first ? changed(item, rest, to) : (item as unknown)));
  const held = value as Record<string, unknown>;
  return { ...held, [first]: changed(held[first], rest, to) };
}
