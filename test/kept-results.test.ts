/** Every verdict and difference that the docs print can be computed again from the numbers of each seed that are kept. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeStatement, overallVerdict } from '../libs/cli/src/experiment/judge-statement.ts';
import { parseStatement } from '../libs/cli/src/experiment/parse-statement.ts';

interface Kept {
  readonly claim: string;
  readonly trend?: number;
  readonly verdict: string;
  readonly seeds: readonly number[];
  readonly pipeline: string;
  readonly commands: readonly string[];
  readonly difference: Readonly<Record<string, number>>;
  readonly interval: Readonly<Record<string, readonly [number, number]>>;
  readonly statements: Readonly<
    Record<string, { says: string; verdict: string; differences: readonly number[] }>
  >;
  readonly arms: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly labeler?: readonly Readonly<Record<string, number>>[];
  readonly warmedUp?: readonly Readonly<Record<string, number>>[];
}

const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'docs/results');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const kept = new Map(
  FILES.map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Kept]),
);
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const RESULTS = read('docs/results.md');
/** Kept numbers have five decimals. */
const ROUNDED = 2.1e-5;

/** `+0.9 (0.6, 1.2)`, in points. */
const DIFFERENCE = /([+−]?\d+\.\d) \((−?\d+\.\d), (−?\d+\.\d)\)/;

describe.each([...kept])('docs/results/%s', (name, result) => {
  it('says what was claimed, on which seeds, and how to run it again', () => {
    expect(result.claim).not.toBe('');
    expect(['holds', 'fails', 'undecided']).toContain(result.verdict);
    expect(new Set(result.seeds).size).toBe(result.seeds.length);
    expect(result.seeds.length).toBeGreaterThanOrEqual(3);
    expect(existsSync(join(ROOT, result.pipeline))).toBe(true);
    expect(result.commands.length).toBeGreaterThan(0);
    expect(RESULTS).toContain(`results/${name}`);
  });

  it('has differences, intervals and verdicts that follow from the numbers of each seed', () => {
    const bySeed = result.seeds.map((_, index) =>
      Object.fromEntries(
        Object.entries(result.arms).map(([arm, metrics]) => [
          arm,
          Object.fromEntries(Object.entries(metrics).map(([metric, values]) => [metric, values[index]!])),
        ]),
      ),
    );
    expect(Object.keys(result.statements)).toEqual(Object.keys(result.difference));
    for (const [statement, { says, verdict, differences }] of Object.entries(result.statements)) {
      // Of a chain, the part that is kept under its own name.
      const parsed = parseStatement(statement, says)[0]!;
      const judged = judgeStatement(parsed, bySeed);
      judged.differences.forEach((value, seed) =>
        expect(Math.abs(value - differences[seed]!), statement).toBeLessThan(4 * ROUNDED),
      );
      expect(Math.abs(judged.difference - result.difference[statement]!), statement).toBeLessThan(
        2 * ROUNDED,
      );
      judged.interval.forEach((end, side) =>
        expect(Math.abs(end - result.interval[statement]![side]!), statement).toBeLessThan(8 * ROUNDED),
      );
      expect(judged.verdict, statement).toBe(verdict);
    }
    const verdicts = Object.values(result.statements).map(({ verdict }) => verdict as 'holds');
    expect(result.verdict).toBe(overallVerdict(verdicts));
  });
});

describe('docs/results.md', () => {
  const rows = RESULTS.split('\n').filter((line) => line.startsWith('|') && line.split('|').length === 7);
  const table = rows.slice(2);
  /** Rows without a file of their own go on with the one above. */
  const filed = table.map((row, index) => {
    const above = table.slice(0, index + 1).reverse();
    const file = above
      .map((line) => /\(results\/([\w-]+\.json)\)/.exec(line)?.[1])
      .find((found) => found !== undefined);
    return { row, file: file ?? '' };
  });

  it('has a row for each of the ten trends, with its verdict or why there is none', () => {
    const trends = table.map((row) => Number(row.split('|')[1])).filter((trend) => trend > 0);
    expect(trends).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const row of table) expect(row.split('|')[4]).toMatch(/holds|fails|undecided|not measured/);
  });

  it('names only files that are kept', () => {
    for (const [, name] of RESULTS.matchAll(/\(results\/([\w-]+\.json)\)/g)) expect(FILES).toContain(name);
  });

  it.each(filed.filter(({ row }) => DIFFERENCE.test(row)))(
    'prints what is kept in $file: $row',
    ({ row, file }) => {
      const known = printed(kept.get(file)!);
      for (const [, mean, low, high] of row.matchAll(new RegExp(DIFFERENCE, 'g'))) {
        expect(known, `${file} has ${known.join('; ')}`).toContain([mean, low, high].map(plain).join(' '));
      }
    },
  );
});

function plain(text: string | undefined): string {
  const value = Number((text ?? '').replace('−', '-').replace('+', ''));
  return (value === 0 ? 0 : value).toFixed(1);
}

/** Every difference with its interval, as it is and without the margin that its statement adds. */
function printed({ difference, interval, statements }: Kept): string[] {
  return Object.entries(difference).flatMap(([name, mean]) => {
    const terms = parseStatement(name, statements[name]!.says)[0]!.difference;
    const margin = terms.reduce((sum, term) => sum + ('constant' in term ? term.sign * term.constant : 0), 0);
    return [0, margin].map((less) =>
      [mean, ...interval[name]!].map((value) => plain((100 * (value - less)).toFixed(1))).join(' '),
    );
  });
}

describe('means with their spread', () => {
  const known = new Set(
    [...kept.values()].flatMap(({ arms, labeler = [], warmedUp = [] }) => [
      ...Object.values(arms).flatMap((metrics) => Object.values(metrics).map(meanAndStd)),
      ...[labeler, warmedUp].flatMap((models) =>
        Object.keys(models[0] ?? {}).map((metric) => meanAndStd(models.map((model) => model[metric]!))),
      ),
    ]),
  );

  it.each(['README.md', 'docs/results.md'])('in %s are those of kept numbers', (path) => {
    const text = read(path);
    const method =
      path === 'README.md' ? (text.split('**The method**')[1]?.split('Equal compute is')[0] ?? '') : text;
    const found = [...method.matchAll(/\d+\.\d ± \d+\.\d/g)].map(([match]) => match);
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter((one) => !known.has(one))).toEqual([]);
  });
});

function meanAndStd(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / (values.length - 1))]
    .map((value) => (100 * value).toFixed(1))
    .join(' ± ');
}
