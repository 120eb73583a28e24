import type { Command, Option } from 'commander';

/** A flag, for completion. */
export interface FlagShape {
  /** "--json", "-f". */
  readonly names: readonly string[];
  readonly about: string;
  /** Whether a word follows it. */
  readonly takesValue: boolean;
  /** All values that it takes; empty where any word will do, which is then a path. */
  readonly choices: readonly string[];
}

/** One command, or one of its subcommands. */
export interface CommandShape {
  /** "jobs list"; empty for `cassl` itself. */
  readonly path: string;
  readonly about: string;
  readonly children: readonly CommandShape[];
  readonly flags: readonly FlagShape[];
  /** Whether it has arguments of its own, which are taken for paths. */
  readonly takesArguments: boolean;
}

/** What can be typed, read off the commands themselves. */
export function commandTree(command: Command, path = ''): CommandShape {
  const children = command.commands.map((child) => commandTree(child, `${path} ${child.name()}`.trim()));
  return {
    path,
    about: firstSentence(command.description()),
    children,
    flags: [...command.options.filter(({ hidden }) => !hidden).map(flagShape), HELP],
    takesArguments: command.registeredArguments.length > 0,
  };
}

/** The tree as a list, parents first. */
export function allCommands(shape: CommandShape): CommandShape[] {
  return [shape, ...shape.children.flatMap(allCommands)];
}

const HELP: FlagShape = { names: ['--help'], about: 'what it does', takesValue: false, choices: [] };

function flagShape(option: Option): FlagShape {
  return {
    names: [option.long, option.short].filter((name) => name !== undefined && name !== null),
    about: firstSentence(option.description),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

/** Shells show a line. */
function firstSentence(text: string): string {
  const sentence = text.split(/[.;:\n]/, 1)[0]?.trim() ?? '';
  return sentence.length <= 70 ? sentence : `${sentence.slice(0, 69)}…`;
}
