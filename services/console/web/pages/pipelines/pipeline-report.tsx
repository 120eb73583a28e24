import type { PipelineReport as Report } from '@cassl/proto';
import type { JSX } from 'preact';
import { percent, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Link, pathOf } from '../../router.tsx';

const ARMS: Readonly<Record<string, string>> = {
  warmup: 'finetuned from the warmup',
  scratch: 'finetuned without warmup',
  control: 'control: no warmup, all iterations',
  joint: 'joint: labeled and unlabeled images together',
};

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
                <th scope="row">{ARMS[name] ?? name}</th>
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
        {threshold !== undefined && `Pseudo labels above δ = ${threshold.toFixed(2)}`}
        {threshold !== undefined &&
          precision !== undefined &&
          `: precision ${percent(precision)}, recall ${percent(recall ?? 0)}`}
        {threshold !== undefined && ' · '}
        {engine}
      </p>
    </section>
  );
}

function aggregate(value: Json<Report>['arms'][number]['metrics'][string] | undefined): string {
  if (value === undefined) return '–';
  const mean = (100 * value.mean).toFixed(1);
  return value.seeds.length > 1 ? `${mean} ± ${(100 * value.std).toFixed(1)}` : mean;
}
