import type { Command } from 'commander';

/** `cassl data`: make, check and look at data sets. */
export function register(program: Command): void {
  const data = program.command('data').description('Make, check and look at data sets.');
  registerScenes(data);
}

interface ScenesFlags {
  readonly out: string;
  readonly labeled: string;
  readonly unlabeled: string;
  readonly val: string;
  readonly size: string;
  readonly seed: string;
  readonly json: boolean;
}

function registerScenes(data: Command): void {
  data
    .command('scenes')
    .description(
      'Make labeled, unlabeled and validation scenes in COCO layout; the same flags make the same bytes.',
    )
    .requiredOption('--out <dir>', 'folder to make (must be empty or hold the same scenes)')
    .option('--labeled <n>', 'images with labels', '100')
    .option('--unlabeled <n>', 'images whose labels are kept apart', '800')
    .option('--val <n>', 'validation images', '200')
    .option('--size <pixels>', 'side of the square images', '128')
    .option('--seed <n>', 'another seed, other scenes', '0')
    .option('--json', 'print the result as JSON', false)
    .action(async (flags: ScenesFlags) => {
      const { generateScenes } = await import('@cassl/datasets');
      const { out, labeled, unlabeled, val, size, seed } = flags;
      const numbers = { labeled, unlabeled, val, size, seed };
      const options = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]));
      const result = await generateScenes({ out, ...options });
      if (flags.json) return console.log(JSON.stringify(result));
      const { images, instances } = result;
      console.log(
        `${result.reused ? 'found' : 'made'} ${images.labeled} labeled (${instances.labeled} things), ` +
          `${images.unlabeled} unlabeled and ${images.val} validation images in ${result.out}\n` +
          `digest sha256:${result.digest}`,
      );
    });
}
