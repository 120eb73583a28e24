import type { ArmRun, ArmTraining } from './arm-run.ts';

/** What trainings cost. */
export interface Compute {
  readonly iterations: number;
  /** Images seen, an image in two batches twice. */
  readonly images: number;
  /** Wall clock of the trainings, on whatever else the machine did. */
  readonly seconds: number;
}

/** What one arm and seed would cost alone: shared trainings count in full, so that equal compute means equal. */
export function computeOfRun({ trainings }: ArmRun): Compute {
  return sum(trainings.map(computeOf));
}

/** What was really trained: each job once, however many arms share it. */
export function computeOfAll(runs: readonly ArmRun[]): Compute & { readonly trainings: number } {
  const jobs = new Map(
    runs.flatMap(({ trainings }) =>
      trainings.map((entry) => [entry.training.status?.id ?? entry.stage, entry] as const),
    ),
  );
  return { trainings: jobs.size, ...sum([...jobs.values()].map(computeOf)) };
}

function computeOf({ training: { spec, status } }: ArmTraining): Compute {
  const { iterations = 0, batchSize = 0 } = spec?.schedule ?? {};
  const [start, end] = [status?.startedAt?.getTime(), status?.finishedAt?.getTime()];
  const seconds = start === undefined || end === undefined ? 0 : (end - start) / 1000;
  return { iterations, images: iterations * batchSize, seconds };
}

function sum(parts: readonly Compute[]): Compute {
  const total = (key: keyof Compute): number => parts.reduce((all, part) => all + part[key], 0);
  return { iterations: total('iterations'), images: total('images'), seconds: Math.round(total('seconds')) };
}
