/** What each benchmark is run with. */
export interface BenchmarkOptions {
  /** One JSON object on stdout instead of lines for people. */
  readonly json: boolean;
  /** All that was written behind the benchmark's name. */
  readonly argv: readonly string[];
}

/** The word behind a flag: of `--size 128`, "128". */
export function option(argv: readonly string[], flag: string): string | undefined {
  const index = argv.indexOf(flag);
  return index < 0 ? undefined : argv[index + 1];
}
