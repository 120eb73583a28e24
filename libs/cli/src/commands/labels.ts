import { invalidArgument } from '@cassl/errors';
import { Option, type Command } from 'commander';
import { EXPORT_FORMATS } from '../flags/export-formats.ts';
import { shareFlag, thresholdFlag } from '../flags/number-flag.ts';

interface Flags {
  readonly home: string;
  readonly json: boolean;
}

interface ImportFlags extends Flags {
  readonly images: string;
  readonly out: string;
  readonly licence: string;
  readonly prompt: readonly string[];
  readonly keepClasses: boolean;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** `cassl labels`: look at label sets and make new ones out of them, without a model. */
export function register(program: Command): void {
  const labels = program.command('labels').description('Look at label sets and make new ones out of them.');
  const verb = (name: string, description: string): Command =>
    labels
      .command(name)
      .description(description)
      .option('--home <dir>', 'folder of the services', '.cassl')
      .option('--json', 'print JSON', false);
  // Loaded by the verb that runs, so that `cassl --help` answers at once.
  const load = () => import('../labels/label-set-commands.ts');

  verb('show', 'Print what a label set holds and who made it.')
    .argument('<set>', 'index of a label set (.labelset.jsonl), path or address')
    .action(async (set: string, flags: Flags) => (await load()).showLabelSet(set, flags));
  verb(
    'import',
    'Make a label set of COCO annotations that another tool or model made; the trainer takes it as its own.',
  )
    .argument('<annotations>', 'COCO JSON; a field `score` of an annotation is kept, without one it is 1')
    .requiredOption('--images <dir>', 'folder of the images')
    .requiredOption('--out <dir>', 'folder to write into')
    .option('--licence <name>', 'licence of what made the labels, SPDX id or name', '')
    .option('--prompt <text>', 'prompt of an open-vocabulary teacher; repeatable', collect, [])
    .option('--keep-classes', 'keep the categories; else every label is of the one class', false)
    .action(async (annotations: string, flags: ImportFlags) =>
      (await import('../labels/import-coco-labels.ts')).importCocoLabels(annotations, flags),
    );
  verb('threshold', 'Make the set under another threshold.')
    .argument('<set>', 'index of a label set')
    .argument('<score>', 'keep labels with a score strictly above', thresholdFlag)
    .action(async (set: string, score: number, flags: Flags) =>
      (await load()).changeThreshold(set, score, flags),
    );
  verb('choose', 'Find the lowest threshold with a wanted precision on held-out labeled images.')
    .argument('<set>', 'index of a label set')
    .requiredOption('--annotations <file>', 'COCO annotations of the held-out images')
    .requiredOption('--images <dir>', 'their folder')
    .requiredOption('--precision <p>', 'precision to reach, above 0, at most 1', shareFlag)
    .action(async (set: string, flags: Flags & { annotations: string; images: string; precision: number }) =>
      (await load()).chooseThreshold(set, flags),
    );
  verb('merge', 'Make one set of several, beside the first.')
    .argument('<sets...>', 'indices of label sets')
    .option('--first-wins', "an image in two sets keeps the first set's labels", false)
    .action(async (sets: string[], flags: Flags & { firstWins: boolean }) => {
      if (sets.length < 2 || sets.length > 64)
        throw invalidArgument(`merge takes at least 2 label sets and at most 64, got ${sets.length}`);
      return (await load()).mergeLabelSets(sets, flags);
    });
  verb('remove', 'Make the set without everything that one teacher labeled.')
    .argument('<set>', 'index of a label set')
    .requiredOption('--teacher <digest>', 'digest of the checkpoint or model')
    .action(async (set: string, flags: Flags & { teacher: string }) =>
      (await load()).removeTeacher(set, flags.teacher, flags),
    );
  verb('compare', 'Say how far two sets agree.')
    .argument('<first>', 'index of a label set')
    .argument('<second>', 'index of a label set')
    .action(async (first: string, second: string, flags: Flags) =>
      (await load()).compareLabelSets(first, second, flags),
    );
  verb('export', "Write a set in another tool's format.")
    .argument('<set>', 'index of a label set')
    .addOption(new Option('--format <format>', 'whose').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write into')
    .option('--class-name <name>', 'name of the one class', 'object')
    .action(async (set: string, flags: Flags & { format: string; out: string; className: string }) =>
      (await load()).exportLabelSet(set, flags),
    );
}
