import type { PipelineReport as Report } from '@cassl/proto';
import type { JSX } from 'preact';
import { fixed, percent, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Link, pathOf } from '../../router.tsx';

const ARMS = new Map(
  Object.entries({
    warmup: 'finetuned from the warmup',
    scratch: 'finetuned without warmup',
    control: 'control: no warmup, all iterations',
    joint: 'joint: labeled and unlabeled images together',
  }),
);

const METRICS: readonly (readonly [key: string, title: string])[] = [
  ['boxAP', 'box AP'],
  ['boxAP50', 'box AP50'],
  ['boxAPAgnostic', 'class-agnostic box AP'],
  ['maskAP', 'mask AP'],
  ['maskAP50', 'mask AP50'],
];

/** What a pipeline found: the compared arms. */
export function PipelineReport({ report }: { readonly report: Json<Report> }): JSX.Element {
  const { arms, pseudoLabels, engine } = report;
  const { threshold, precision, recall } = pseudoLabels;
  return (
    <section class="panel" aria-label="Result">
      <h2>Result</h2>
      <div class="wide" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">arm</th>
              {METRICS.map(([key, title]) => (
                <th key={key} scope="col">
                  {title}
                </th>
              ))}
              <th scope="col">checkpoints</th>
            </tr>
          </thead>
          <tbody>
            {arms.map(({ name, metrics, checkpointDigests }) => (
              <tr key={name}>
                <th scope="row">{ARMS.get(name) ?? name}</th>
                {METRICS.map(([key]) => (
                  <td key={key}>{aggregate(metrics[key])}</td>
                ))}
                <td>
                  {checkpointDigests.map((digest) => (
                    <Link key={digest} to={pathOf('registry', digest)} class="digest">
                      {shortDigest(digest)}
                    </Link>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft">
        {threshold !== undefined && `Pseudo labels above δ = ${fixed(threshold, 2)}`}
        {threshold !== undefined &&
          precision !== undefined &&
          `: precision ${percent(precision)}, recall ${percent(recall ?? NaN)}`}
        {threshold !== undefined && ' · '}
        {engine}
      </p>
    </section>
  );
}

function aggregate(value: Json<Report>['arms'][number]['metrics'][string] | undefined): string {
  if (value === undefined) return '–';
  if (!Number.isFinite(value.mean)) return '–';
  const mean = fixed(100 * value.mean, 1);
  return value.seeds.length > 1 ? `${mean} ± ${fixed(100 * value.std, 1)}` : mean;
}
