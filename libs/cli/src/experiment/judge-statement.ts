import { invalidArgument } from '@cassl/errors';
import { meanAndSpread, pairedInterval } from './paired-interval.ts';
import type { Statement, Term } from './parse-statement.ts';

export type Verdict = 'holds' | 'fails' | 'undecided';

/** Metrics of one arm and seed, by name. */
export type Metrics = Readonly<Record<string, number>>;

export interface Judgement {
  readonly statement: Statement;
  /** Left minus right, seed by seed. */
  readonly differences: readonly number[];
  readonly difference: number;
  readonly interval: readonly [number, number];
  readonly verdict: Verdict;
}

/** Judges by the interval alone: what it does not decide is undecided, however nice the mean. */
export function judgeStatement(
  statement: Statement,
  seeds: readonly Readonly<Record<string, Metrics>>[],
): Judgement {
  const differences = seeds.map((arms) => differenceOf(statement, arms));
  const interval = pairedInterval(differences);
  return {
    statement,
    differences,
    difference: meanAndSpread(differences).mean,
    interval,
    verdict: verdictOf(statement, interval),
  };
}

/** The claim holds when all of it does. */
export function overallVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fails')) return 'fails';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'holds') ? 'holds' : 'undecided';
}

function verdictOf({ relation, margin }: Statement, [low, high]: readonly [number, number]): Verdict {
  if (relation === 'above') {
    if (low > margin) return 'holds';
    return high <= margin ? 'fails' : 'undecided';
  }
  if (low >= -margin && high <= margin) return 'holds';
  return low > margin || high < -margin ? 'fails' : 'undecided';
}

function differenceOf(statement: Statement, arms: Readonly<Record<string, Metrics>>): number {
  const values = statement.difference.map((term) => term.sign * valueOf(statement, term, arms));
  return values.reduce((sum, value) => sum + value, 0);
}

function valueOf({ name }: Statement, term: Term, arms: Readonly<Record<string, Metrics>>): number {
  if ('constant' in term) return term.constant;
  const metrics = arms[term.arm] ?? {};
  const value = metrics[term.metric];
  if (value !== undefined) return value;
  throw invalidArgument(
    `statements.${name}: ${term.arm} has no ${term.metric}; it has ${Object.keys(metrics).join(', ')}`,
  );
}
