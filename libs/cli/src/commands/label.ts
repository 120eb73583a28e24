import { invalidArgument } from '@cassl/errors';
import type { Command } from 'commander';
import { numberFlag, thresholdFlag, wholeFlag } from '../flags/number-flag.ts';

interface LabelFlags {
  readonly alias?: string;
  readonly teacher?: string;
  readonly out?: string;
  readonly threshold: number;
  readonly nonOverlap: boolean;
  readonly shardSize: number;
  readonly known?: string;
  readonly priority: number;
  readonly maxWorkers: number;
  readonly maxFailureRate?: number;
  readonly id?: string;
  readonly home: string;
  readonly json: boolean;
}

/** `cassl label`: class-agnostic labels for pictures, or for a whole pool. */
export function register(program: Command): void {
  program
    .command('label')
    .description(
      'Label pictures, or a folder or s3:// pool of them, with a class-agnostic checkpoint or a detector from elsewhere.',
    )
    .argument('<picture-or-pool...>', 'picture files, or one folder or s3:// address of images or tar shards')
    .option('--alias <reference>', 'alias or digest of the checkpoint, for example demo/labeler')
    .option(
      '--teacher <detector>',
      'pool: instead of a checkpoint an .onnx file, grpc://host:port/model of an Open Inference Protocol server, or a .yaml that says more',
    )
    .option(
      '--out <path>',
      'one picture: PNG to draw on; a pool: folder or s3:// address for the label files',
    )
    .option(
      '--threshold <score>',
      'keep labels with a score above this, below 1; 0 means 0.05',
      thresholdFlag,
      0.3,
    )
    .option('--non-overlap', 'every pixel to its best mask (entities)', false)
    .option('--shard-size <n>', 'pool: images a shard', wholeFlag(1, 4096), 256)
    .option(
      '--known <label-set>',
      'pool: an earlier label set; what the same teacher labeled with the same options and threshold is copied, not labeled again',
    )
    .option('--priority <n>', 'pool: workers take shards of higher priorities first', wholeFlag(-100, 100), 0)
    .option('--max-workers <n>', 'pool: workers at the same time, 0 for any number', wholeFlag(0, 100_000), 0)
    .option(
      '--max-failure-rate <share>',
      'pool: fail once more than this part of the images could not be labeled (default: once none could be)',
      numberFlag({ least: 0, most: 1 }),
    )
    .option('--id <id>', 'pool: id of the job; the same id goes on where it was')
    .option('--home <dir>', 'folder of the services', '.cassl')
    .option('--json', 'print JSON', false)
    .addHelpText('after', '\nUses the services of a running `cassl up`, else starts its own for the call.')
    .action(async (targets: readonly string[], flags: LabelFlags) => {
      const { stat } = await import('node:fs/promises');
      if ((flags.alias === undefined) === (flags.teacher === undefined))
        throw invalidArgument('give --alias or --teacher, and not both');
      const [target = ''] = targets;
      const isPool =
        target.startsWith('s3://') || (await stat(target).catch(() => undefined))?.isDirectory() === true;
      if (isPool) {
        const { labelPool } = await import('../pictures/label-pool.ts');
        return labelPool(target, flags);
      }
      if (flags.alias === undefined)
        throw invalidArgument(`--teacher labels a pool, a folder or an s3:// address; ${target} is neither`);
      const { detectPictures } = await import('../pictures/detect-pictures.ts');
      return detectPictures(targets, { ...flags, alias: flags.alias, service: 'labeler' });
    });
}
