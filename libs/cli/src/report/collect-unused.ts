import type { Pipeline, TrainerServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';

/** Lines about data that was left out or changed, by the stage that read it. */
export type UnusedData = Readonly<Record<string, readonly string[]>>;

/** What the trainings left out of their data and why; a stage that used everything as it was is not listed. */
export async function collectUnused(
  { stages }: Pipeline,
  trainings: RpcClient<typeof TrainerServiceDefinition>,
): Promise<UnusedData> {
  const unused: Record<string, readonly string[]> = {};
  for (const { name, service, jobId } of stages) {
    if (service !== 'trainer') continue;
    const { training } = await trainings.getTraining({ id: jobId });
    const notes = training?.notes ?? [];
    if (notes.some((line) => /^(dropped|repaired) /.test(line))) unused[name] = notes;
  }
  return unused;
}

/** For a terminal: the first lines of every stage, and the one line that says how many stages it concerns. */
export function formatUnused(unused: UnusedData): readonly string[] {
  const names = Object.keys(unused);
  if (names.length === 0) return [];
  return [
    `data that was not used as it is, in ${names.length} of the trainings (all of it in report.json):`,
    ...Object.entries(unused).flatMap(([name, lines]) => [
      `  ${name}`,
      ...lines.slice(0, LINES).map((line) => `    ${line}`),
      ...(lines.length > LINES ? [`    … ${lines.length - LINES} more lines`] : []),
    ]),
  ];
}

const LINES = 12;
