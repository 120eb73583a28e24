import { invalidArgument } from '@cassl/errors';

/** A metric of an arm, or a constant, with its sign. */
export type Term =
  | { readonly sign: 1 | -1; readonly arm: string; readonly metric: string }
  | { readonly sign: 1 | -1; readonly constant: number };

/** left − right is above `margin`, or within ±`margin` of 0. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly relation: 'above' | 'same';
  readonly margin: number;
  /** left − right. */
  readonly difference: readonly Term[];
}

const GRAMMAR =
  'write for example "pseudo.boxAP > scratch.boxAP", "a.boxAP > b.boxAP by 0.01", "a.boxAP ~ b.boxAP within 0.02" or "a.boxAP - b.boxAP > c.boxAP - d.boxAP"';

/**
 * Reads a claim about arms. Metrics are fractions of 1: `arm.boxAP`, `arm.maskAP`, `arm.boxAPAgnostic` and so on of the detector,
 * `arm.labeler.boxAPAgnostic` and `arm.warmup.boxAPAgnostic` of the stages before it, `arm.labels.precision`. Signs stand between
 * spaces. A chain `a > b > c` is one statement for each of its neighbours.
 * @throws INVALID_ARGUMENT that shows the part that cannot be read
 */
export function parseStatement(name: string, text: string): readonly Statement[] {
  const { body, margin, word } = splitMargin(text);
  const isSame = body.includes('~');
  const sides = body.split(isSame ? '~' : '>');
  if (sides.length < 2 || (isSame && sides.length > 2) || (isSame && body.includes('>')))
    throw unreadable(name, text);
  if (isSame !== (word === 'within')) throw unreadable(name, text);
  return sides.slice(1).map((right, index) => {
    const left = sides[index] ?? '';
    return {
      name: sides.length === 2 ? name : `${name} ${index + 1}`,
      text: sides.length === 2 ? text.trim() : `${left.trim()} > ${right.trim()}`,
      relation: isSame ? 'same' : 'above',
      margin,
      difference: [...parseSum(name, left), ...parseSum(name, right).map(negated)],
    };
  });
}

function splitMargin(text: string): { body: string; margin: number; word: string | undefined } {
  const found = /^(.*)\s(by|within)\s+(\d*\.?\d+)\s*$/s.exec(text);
  if (found === null) return { body: text, margin: 0, word: undefined };
  return { body: found[1] ?? '', word: found[2], margin: Number(found[3]) };
}

function parseSum(name: string, side: string): readonly Term[] {
  const pieces = side.trim().split(/\s+([+-])\s+/);
  return pieces.flatMap((piece, index) => {
    if (index % 2 === 1) return [];
    return [parseTerm(name, piece, pieces[index - 1] === '-' ? -1 : 1)];
  });
}

function parseTerm(name: string, text: string, sign: 1 | -1): Term {
  if (/^\d*\.?\d+$/.test(text)) return { sign, constant: Number(text) };
  const found = /^([a-z][a-z0-9-]*)\.((?:(?:labeler|warmup|labels)\.)?[A-Za-z0-9]+)$/.exec(text);
  const [, arm, metric] = found ?? [];
  if (arm === undefined || metric === undefined) throw unreadable(name, text);
  return { sign, arm, metric };
}

function negated(term: Term): Term {
  return { ...term, sign: term.sign === 1 ? -1 : 1 };
}

function unreadable(name: string, text: string): Error {
  return invalidArgument(`statements.${name}: cannot read ${JSON.stringify(text)}; ${GRAMMAR}`);
}
