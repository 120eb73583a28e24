import { internal } from '@cassl/errors';

/**
 * A name with holes: `layer{k}.{j}.conv1.*`. A hole `{k}`, `{k+1}`, `{3n}` or `{3n+1}` is an integer linear in one
 * letter; `*` is one last segment (weight, bias, running_mean, …). The same letter stands for the same number on both
 * sides of a rule, which is what makes a rule work in both directions.
 */
export interface NamePattern {
  readonly text: string;
  /** The letters' values, or `undefined` where the name does not fit. */
  match(name: string): Bindings | undefined;
  format(bindings: Bindings): string;
}

export type Bindings = ReadonlyMap<string, number | string>;

interface Hole {
  readonly letter: string;
  readonly times: number;
  readonly plus: number;
}

export function namePattern(text: string): NamePattern {
  const pieces = text.split(/(\{[^}]*\}|\*)/);
  const holes = pieces.flatMap((piece, index) => (index % 2 === 1 ? [parseHole(piece)] : []));
  const source = pieces.map((piece, index) => {
    if (index % 2 === 0) return escape(piece);
    return piece === '*' ? '([^.]+)' : '(\\d+)';
  });
  const regex = new RegExp(`^${source.join('')}$`);
  return {
    text,
    match(name) {
      const found = regex.exec(name);
      return found === null ? undefined : bind(holes, found.slice(1));
    },
    format(bindings) {
      return pieces
        .map((piece, index) => (index % 2 === 0 ? piece : fill(parseHole(piece), bindings)))
        .join('');
    },
  };
}

function parseHole(text: string): Hole {
  if (text === '*') return { letter: '*', times: 1, plus: 0 };
  const parsed = /^\{(\d*)([a-z])(?:\+(\d+))?\}$/.exec(text);
  if (parsed === null) throw internal(`name pattern hole ${text} is not {letter}, {letter+1} or {3letter+1}`);
  return { letter: parsed[2]!, times: Number(parsed[1] || 1), plus: Number(parsed[3] ?? 0) };
}

function bind(holes: readonly Hole[], texts: readonly string[]): Bindings | undefined {
  const bindings = new Map<string, number | string>();
  for (const [index, { letter, times, plus }] of holes.entries()) {
    const value = letter === '*' ? texts[index]! : (Number(texts[index]) - plus) / times;
    const isPossible = typeof value === 'string' || (Number.isInteger(value) && value >= 0);
    if (!isPossible || (bindings.has(letter) && bindings.get(letter) !== value)) return undefined;
    bindings.set(letter, value);
  }
  return bindings;
}

function fill({ letter, times, plus }: Hole, bindings: Bindings): string {
  const value = bindings.get(letter);
  if (value === undefined) throw internal(`name pattern letter ${letter} is not bound by the other side`);
  return typeof value === 'string' ? value : `${value * times + plus}`;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
