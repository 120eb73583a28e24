/** A setting in which runs differ, with its value in each of them. */
export interface Difference {
  readonly path: string;
  readonly values: readonly string[];
}

/** Settings in which at least two of the specifications differ, by their path. */
export function configDifferences(specs: readonly unknown[]): readonly Difference[] {
  const flat = specs.map((spec) => flatten(spec));
  const paths = [...new Set(flat.flatMap((values) => [...values.keys()]))];
  return paths
    .map((path) => ({ path, values: flat.map((values) => values.get(path) ?? '–') }))
    .filter(({ values }) => new Set(values).size > 1);
}

function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value))
      flatten(child, path === '' ? key : `${path}.${key}`, into);
  } else if (value !== undefined) into.set(path, JSON.stringify(value));
  return into;
}
