import type { Command } from 'commander';
import { wholeFlag } from '../flags/number-flag.ts';

interface RunFlags {
  readonly out: string;
  readonly set: readonly string[];
  readonly seeds?: number;
  readonly data?: string;
  readonly id?: string;
  readonly home: string;
  readonly json: boolean;
  readonly check: boolean;
}

/** `cassl run`: a whole pipeline, through running services or its own. */
export function register(program: Command): void {
  program
    .command('run')
    .description('Run a pipeline: train the labeler, label the pool, warm up, finetune, compare, report.')
    .argument('<pipeline>', 'pipeline file, for example pipelines/demo.yaml')
    .requiredOption('--out <dir>', 'folder for report.html, report.json, labels and detections')
    .option(
      '--set <key=value>',
      'change a key of the file, for example warmup.iterations=500; repeatable',
      collect,
      [],
    )
    .option(
      '--seeds <n>',
      'repeat the compared arms over seeds 1..n; more than one adds the control arm',
      wholeFlag(1, 100),
    )
    .option('--data <dir>', 'folder in COCO layout that replaces the data of the file')
    .option('--id <id>', 'id of the run; the same id goes on where it was (default: from the specification)')
    .option('--home <dir>', 'folder of the services', '.cassl')
    .option('--json', 'print report.json instead of the table', false)
    .option(
      '--check',
      'only look: open every data set, decode a batch, compare categories, engine and disk',
      false,
    )
    .addHelpText(
      'after',
      '\nUses the services of a running `cassl up`, else starts its own for the run. Interrupted? Run the same command again.',
    )
    .action(async (path: string, flags: RunFlags) => {
      const { runPipelineFile } = await import('../pipeline/run-pipeline-file.ts');
      await runPipelineFile(path, flags);
    });
}

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}
