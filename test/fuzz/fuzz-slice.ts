import type { Finding, FuzzTarget } from './fuzz-target.ts';
import { inputRandom } from './random.ts';

export interface Slice {
  readonly seed: number;
  /** The first input's number. */
  readonly first: number;
  readonly count: number;
}

export interface SliceResult {
  /** How often each status ended an input. */
  readonly codes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** Hands the inputs `first … first + count - 1` of a seed to a target, one after another. */
export async function fuzzSlice(target: FuzzTarget, { seed, first, count }: Slice): Promise<SliceResult> {
  const codes: Record<string, number> = {};
  const findings: Finding[] = [];
  for (let number = first; number < first + count; number++) {
    const { code, wrong } = await target.run(inputRandom(seed, number));
    codes[code] = (codes[code] ?? 0) + 1;
    if (wrong !== undefined) findings.push({ target: target.name, seed, number, wrong });
  }
  return { codes, findings };
}
