import type { EvaluatorServiceDefinition, Pipeline, TrainerServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';

/** Lines about data that was left out or changed, by the stage that read it. */
export type UnusedData = Readonly<Record<string, readonly string[]>>;

/** What trainings and evaluations left out of their data and why; a stage that used everything as it was is not listed. */
export async function collectUnused(
  { stages }: Pipeline,
  services: {
    readonly trainings: RpcClient<typeof TrainerServiceDefinition>;
    readonly evaluations: RpcClient<typeof EvaluatorServiceDefinition>;
  },
): Promise<UnusedData> {
  const notesOf = async (service: string, id: string): Promise<readonly string[]> => {
    if (service === 'trainer') return (await services.trainings.getTraining({ id })).training?.notes ?? [];
    if (service === 'evaluator') return (await services.evaluations.getEvaluation({ id })).job?.notes ?? [];
    return [];
  };
  const unused: Record<string, readonly string[]> = {};
  for (const { name, service, jobId } of stages) {
    const notes = await notesOf(service, jobId);
    if (notes.some((line) => /^(dropped|repaired) /.test(line))) unused[name] = notes;
  }
  return unused;
}

/** For a terminal: the first lines of every stage, and the one line that says how many stages it concerns. */
export function formatUnused(unused: UnusedData): readonly string[] {
  const names = Object.keys(unused);
  if (names.length === 0) return [];
  return [
    `data that was not used as it is, in ${names.length} of the stages (all of it in report.json):`,
    ...Object.entries(unused).flatMap(([name, lines]) => [
      `  ${name}`,
      ...lines.slice(0, LINES).map((line) => `    ${line}`),
      ...(lines.length > LINES ? [`    … ${lines.length - LINES} more lines`] : []),
    ]),
  ];
}

const LINES = 12;
