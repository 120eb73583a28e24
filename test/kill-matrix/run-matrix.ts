import { join } from 'node:path';
import { isEnded } from '@cassl/jobs';
import { openClients, until } from '../clients.ts';
import { startCluster } from '../cluster.ts';
import { makeMicroData } from '../micro-pipeline.ts';
import { evaluationJobs, labelingJobs, trainingJobs, type JobKind, type JobNoun } from './job-kinds.ts';
import { killInState, type Cell, type State, type Target } from './kill-in-state.ts';

export interface CellOrder {
  readonly target: Target;
  readonly noun: JobNoun;
  readonly state: State;
}

/** Runs the cells one after another over one set of real services; each is told to `onCell` as it ends. */
export async function runMatrix(
  orders: readonly CellOrder[],
  onCell: (cell: Cell) => void = () => undefined,
): Promise<Cell[]> {
  const cluster = await startCluster();
  const clients = openClients(cluster.endpoints);
  try {
    const data = await makeMicroData(join(cluster.home, 'scenes'));
    const training = trainingJobs(clients, data);
    const trained = (await undisturbed(training, 'training-undisturbed')) as { readonly digest: string };
    const kinds: Readonly<Record<JobNoun, JobKind>> = {
      training,
      labeling: labelingJobs(clients, data, trained.digest, cluster.home),
      evaluation: evaluationJobs(clients, data, trained.digest),
    };
    const expected: Partial<Record<JobNoun, unknown>> = { training: trained };
    const cells: Cell[] = [];
    for (const [number, { target, noun, state }] of orders.entries()) {
      const jobs = kinds[noun];
      expected[noun] ??= await undisturbed(jobs, `${noun}-undisturbed`);
      const id = `${noun}-${number}`;
      const cell = await killInState({ cluster, jobs, noun, id, target, state, expected: expected[noun] });
      cells.push(cell);
      onCell(cell);
    }
    return cells;
  } finally {
    clients.close();
    await cluster.stop();
  }
}

async function undisturbed(jobs: JobKind, id: string): Promise<unknown> {
  await jobs.start(id);
  await until(() => jobs.status(id), isEnded);
  return jobs.output(id);
}
