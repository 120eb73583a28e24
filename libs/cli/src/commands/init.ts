import type { Command } from 'commander';
import { numberFlag } from '../flags/number-flag.ts';
import type { InitFlags } from '../init/init-pipeline.ts';

/** `cassl init`: a commented pipeline file for a folder of photos. */
export function register(program: Command): void {
  program
    .command('init')
    .description(
      'Look at a folder of photos with COCO labels and write a pipeline file for it, with the reasons.',
    )
    .argument('<dir>', 'folder with a COCO annotation file, its images, and images without labels')
    .option('--out <file>', 'pipeline file to write', 'pipeline.yaml')
    .option('--name <name>', 'of the pipeline, 1 to 64 of [a-z0-9-] (default: from the folder)')
    .option('--annotations <file>', 'COCO file of the labeled images (default: the one in the folder)')
    .option('--images <dir>', 'their folder (default: where the file names lead)')
    .option(
      '--unlabeled <dir>',
      'folder of images without labels (default: the one called so, or what is left)',
    )
    .option('--backbone <file>', 'first weights (safetensors, ResNet-18 up to C4)')
    .option('--minutes <n>', 'what training may take here, roughly', numberFlag({ least: 1 }), 30)
    .option('--force', 'write over an existing file', false)
    .option('--json', 'print what was found and proposed as JSON', false)
    .action(async (dir: string, flags: InitFlags) => {
      const { initPipeline } = await import('../init/init-pipeline.ts');
      await initPipeline(dir, flags);
    });
}
