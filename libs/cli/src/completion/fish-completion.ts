import { allCommands, type CommandShape, type FlagShape } from './command-tree.ts';

/** A completion script for fish: a line for each word, under the condition that its command was typed before. */
export function fishCompletion(root: CommandShape): string {
  const lines = allCommands(root).flatMap((command) => {
    const condition = conditionOf(command);
    const children = command.children.map(
      ({ path, about }) => `complete -c cassl ${condition} -f -a ${quoted(last(path))} -d ${quoted(about)}`,
    );
    return [...children, ...command.flags.map((flag) => flagLine(condition, flag))];
  });
  return `# cassl completion fish: save it as ~/.config/fish/completions/cassl.fish\n${lines.join('\n')}\n`;
}

/** All words of the command were typed, and none of a subcommand. */
function conditionOf({ path, children }: CommandShape): string {
  const typed = path
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `__fish_seen_subcommand_from ${word}`);
  const names = children.map((child) => last(child.path)).join(' ');
  const open = names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`];
  return `-n ${quoted([...typed, ...open].join('; and '))}`;
}

function flagLine(condition: string, { names, about, takesValue, choices }: FlagShape): string {
  const spelled = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const value = !takesValue ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
  return `complete -c cassl ${condition} ${spelled.join(' ')}${value} -d ${quoted(about)}`;
}

function last(path: string): string {
  return path.split(' ').at(-1) ?? '';
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
