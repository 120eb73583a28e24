export type Verdict = 'holds' | 'fails' | 'undecided';

/** What `cassl experiment` writes into its home after every pipeline; fractions of 1. */
export interface ExperimentRecord {
  readonly result: {
    readonly experiment: string;
    readonly claim: string;
    readonly verdict: Verdict;
    readonly commands: readonly string[];
    /** Seeds of which every arm has ended; only these count. */
    readonly seeds: readonly number[];
    readonly missingSeeds: readonly number[];
    /** By statement. */
    readonly difference: Readonly<Record<string, number>>;
    readonly interval: Readonly<Record<string, readonly [low: number, high: number]>>;
    readonly statements: Readonly<Record<string, { readonly says: string; readonly verdict: Verdict }>>;
    /** By arm, by metric. */
    readonly summary: Readonly<
      Record<string, Readonly<Record<string, { readonly mean: number; readonly std: number }>>>
    >;
    /** Of one seed of an arm. */
    readonly compute: Readonly<
      Record<string, { readonly iterations: number; readonly images: number; readonly seconds: number }>
    >;
    readonly engine: string;
  };
  /** Pipelines: an arm with a seed each. */
  readonly progress: {
    readonly done: number;
    readonly total: number;
    readonly running: readonly string[];
    readonly failed: readonly string[];
  };
  readonly changedAt: string;
}
