import { InvalidArgumentError, type Command } from 'commander';

interface Flags {
  readonly out: string;
  readonly home: string;
  readonly parallel: number;
  readonly json: boolean;
}

/** `cassl experiment`: arms and seeds against a claim. */
export function register(program: Command): void {
  program
    .command('experiment')
    .description('Run the arms of an experiment over seeds and judge its claim; equal stages are done once.')
    .argument('<experiment>', 'experiment file, for example pipelines/experiments/02-what-to-warm-up-on.yaml')
    .requiredOption('--out <dir>', 'folder for NAME.json and report.html')
    .option('--home <dir>', 'folder of the services; experiments in one home share stages', '.cassl')
    .option('--parallel <n>', 'pipelines at the same time; also trainings, of own services', toCount, 1)
    .option('--json', 'print the result instead of the tables', false)
    .addHelpText(
      'after',
      '\nUses the services of a running `cassl up`, else starts its own for the run. Interrupted? Run the same command again: it goes on at the stages that are not done, and ends with the same numbers.',
    )
    .action(async (path: string, flags: Flags) => {
      const { runExperiment } = await import('../experiment/run-experiment.ts');
      await runExperiment(path, flags);
    });
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 64)
    throw new InvalidArgumentError(`must be a whole number from 1 to 64, got ${JSON.stringify(text)}`);
  return count;
}
