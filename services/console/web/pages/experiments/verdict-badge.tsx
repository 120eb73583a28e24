import type { JSX } from 'preact';
import type { ExperimentRecord } from '../../../src/contract/experiment-record.ts';

const KINDS = { holds: 'good', fails: 'bad', undecided: 'waiting' } as const;

export function VerdictBadge({ verdict }: Pick<ExperimentRecord['result'], 'verdict'>): JSX.Element {
  return <span class={`badge ${KINDS[verdict]}`}>{verdict}</span>;
}
