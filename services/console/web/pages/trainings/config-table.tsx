import type { JSX } from 'preact';
import { configDifferences } from './config-differences.ts';
import type { Run } from './use-runs.ts';

/** In what the specifications of the chosen runs differ. */
export function ConfigTable({ runs: all }: { readonly runs: readonly Run[] }): JSX.Element | null {
  const runs = all.filter(({ training }) => training !== undefined);
  if (runs.length < 2) return null;
  const differences = configDifferences(runs.map(({ training }) => training?.spec));
  return (
    <section class="panel">
      <h2>Differences between the configurations</h2>
      <div class="wide" tabIndex={0}>
        <table class="left">
          <thead>
            <tr>
              <th scope="col">setting</th>
              {runs.map(({ id }) => (
                <th key={id} scope="col">
                  {id}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {differences.map(({ path, values }) => (
              <tr key={path}>
                <th scope="row">{path}</th>
                {values.map((value, index) => (
                  <td key={runs[index]?.id}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
