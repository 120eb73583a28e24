import type { Command } from 'commander';
import { thresholdFlag } from '../flags/number-flag.ts';

interface DetectFlags {
  readonly alias: string;
  readonly out?: string;
  readonly threshold: number;
  readonly home: string;
  readonly json: boolean;
}

/** `cassl detect`: objects of the real classes in pictures. */
export function register(program: Command): void {
  program
    .command('detect')
    .description('Detect objects in pictures with a finetuned checkpoint and draw them.')
    .argument('<picture...>', 'JPEG, PNG or WebP files')
    .requiredOption('--alias <reference>', 'alias or digest of the checkpoint, for example demo/detector')
    .option('--out <file>', 'PNG to draw boxes and masks on (one picture only)')
    .option(
      '--threshold <score>',
      'keep detections with a score above this, below 1; 0 means 0.05',
      thresholdFlag,
      0.3,
    )
    .option('--home <dir>', 'folder of the services', '.cassl')
    .option('--json', 'print the detections as JSON lines, one per picture', false)
    .addHelpText('after', '\nUses the services of a running `cassl up`, else starts its own for the call.')
    .action(async (pictures: readonly string[], flags: DetectFlags) => {
      const { detectPictures } = await import('../pictures/detect-pictures.ts');
      await detectPictures(pictures, { ...flags, service: 'detector' });
    });
}
