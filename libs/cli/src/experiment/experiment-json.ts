import { computeOfAll, computeOfRun, type Compute } from './account-compute.ts';
import type { ArmRun } from './arm-run.ts';
import { judgeStatement, overallVerdict, type Metrics, type Verdict } from './judge-statement.ts';
import { meanAndSpread, type MeanAndSpread } from './paired-interval.ts';
import type { Experiment } from './read-experiment-file.ts';

/** A file of `docs/results/`: numbers are fractions of 1, lists are in the order of the seeds. */
export interface ExperimentJson {
  readonly experiment: string;
  readonly trend?: number;
  readonly claim: string;
  /** Of the claim: it holds where all statements hold. Undecided while seeds are missing: who stops at a lucky one proves nothing. */
  readonly verdict: Verdict;
  readonly pipeline: string;
  readonly commands: readonly string[];
  /** Seeds of which every arm has ended; only these count. */
  readonly seeds: readonly number[];
  readonly missingSeeds: readonly number[];
  /** By statement. */
  readonly difference: Readonly<Record<string, number>>;
  /** 95 % of Student's t over paired differences; absent with fewer than two seeds. */
  readonly interval: Readonly<Record<string, readonly [number, number]>>;
  readonly statements: Readonly<Record<string, StatementJson>>;
  readonly arms: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly summary: Readonly<Record<string, Readonly<Record<string, MeanAndSpread>>>>;
  /** Of one seed of an arm. */
  readonly compute: Readonly<Record<string, Compute>>;
  /** Of everything that was trained, shared trainings once. */
  readonly trained: ReturnType<typeof computeOfAll>;
  readonly checkpoints: Readonly<Record<string, readonly string[]>>;
  readonly engine: string;
}

export interface StatementJson {
  readonly says: string;
  readonly verdict: Verdict;
  readonly differences: readonly number[];
}

/** What is known so far. */
export function toExperimentJson(
  experiment: Experiment,
  runs: readonly ArmRun[],
  commands: readonly string[],
): ExperimentJson {
  const { file, arms } = experiment;
  const runOf = (arm: string, seed: number): ArmRun | undefined =>
    runs.find((run) => run.arm === arm && run.seed === seed);
  const seeds = file.seeds.filter((seed) => arms.every(({ name }) => runOf(name, seed) !== undefined));
  const missingSeeds = file.seeds.filter((seed) => !seeds.includes(seed));
  const complete = (arm: string): readonly ArmRun[] => seeds.flatMap((seed) => runOf(arm, seed) ?? []);
  const bySeed = seeds.map((seed) =>
    Object.fromEntries(arms.map(({ name }) => [name, runOf(name, seed)?.metrics ?? {}])),
  );
  const judged = seeds.length === 0 ? [] : experiment.statements.map((one) => judgeStatement(one, bySeed));
  const byArm = <T>(value: (runs: readonly ArmRun[]) => T): Record<string, T> =>
    Object.fromEntries(arms.map(({ name }) => [name, value(complete(name))]));
  const byStatement = <T>(value: (one: (typeof judged)[number]) => T): Record<string, T> =>
    Object.fromEntries(judged.map((one) => [one.statement.name, value(one)]));
  const values = byArm((list) => columns(list.map(({ metrics }) => metrics)));

  return {
    experiment: file.name,
    ...(file.trend === undefined ? {} : { trend: file.trend }),
    claim: file.claim,
    verdict: missingSeeds.length > 0 ? 'undecided' : overallVerdict(judged.map(({ verdict }) => verdict)),
    pipeline: experiment.path,
    commands,
    seeds,
    missingSeeds,
    difference: byStatement(({ difference }) => round(difference)),
    interval: seeds.length < 2 ? {} : byStatement(({ interval: [low, high] }) => [round(low), round(high)]),
    statements: byStatement(({ statement, verdict, differences }) => ({
      says: statement.text,
      verdict,
      differences: differences.map(round),
    })),
    arms: values,
    summary: Object.fromEntries(
      Object.entries(values).map(([arm, metrics]) => [arm, mapValues(metrics, summarize)]),
    ),
    compute: byArm((list) => mean(list.map(computeOfRun))),
    trained: computeOfAll(runs.filter(({ seed }) => seeds.includes(seed))),
    checkpoints: byArm((list) =>
      list.map(({ trainings }) => trainings.at(-1)?.training.checkpointDigest ?? ''),
    ),
    engine: runs[0]?.pipeline.report?.engine ?? '',
  };
}

/** From one record a seed to one list a metric; a metric that a seed lacks is left out. */
function columns(seeds: readonly Metrics[]): Record<string, number[]> {
  const names = Object.keys(seeds[0] ?? {});
  const lists = names.map((name) => [name, seeds.flatMap((metrics) => metrics[name] ?? [])] as const);
  return Object.fromEntries(
    lists.filter(([, list]) => list.length === seeds.length).map(([name, list]) => [name, list.map(round)]),
  );
}

function summarize(values: readonly number[]): MeanAndSpread {
  const { mean: average, std } = meanAndSpread(values);
  return { mean: round(average), std: round(std) };
}

/** Iterations and images are the same for all seeds, seconds are not. */
function mean(list: readonly Compute[]): Compute {
  const average = (key: keyof Compute): number =>
    list.length === 0 ? 0 : Math.round(list.reduce((sum, one) => sum + one[key], 0) / list.length);
  return { iterations: average('iterations'), images: average('images'), seconds: average('seconds') };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** To a thousandth of a percent. */
function round(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}
