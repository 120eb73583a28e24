import type { Finding, FuzzTarget } from './fuzz-target.ts';
import { inputRandom } from './random.ts';

export interface Slice {
  readonly seed: number;
  /** The first input's number. */
  readonly first: number;
  readonly count: number;
  /** Asked before each input: an end that does not wait for the others. @default never */
  readonly isOver?: () => boolean;
}

export interface SliceResult {
  /** Inputs that were handed over. */
  readonly count: number;
  /** How often each status ended an input. */
  readonly codes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** Hands the inputs `first … first + count - 1` of a seed to a target, one after another, until all were or it is over. */
export async function fuzzSlice(
  target: FuzzTarget,
  { seed, first, count, isOver = () => false }: Slice,
): Promise<SliceResult> {
  const codes: Record<string, number> = {};
  const findings: Finding[] = [];
  let number = first;
  for (; number < first + count && !isOver(); number++) {
    const { code, wrong } = await target.run(inputRandom(seed, number));
    codes[code] = (codes[code] ?? 0) + 1;
    if (wrong !== undefined) findings.push({ target: target.name, seed, number, wrong });
  }
  return { count: number - first, codes, findings };
}
