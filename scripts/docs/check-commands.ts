import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '@cassl/cli';
import { commandsOf, fencesOf } from './markdown.ts';

/** What a block may need that a fresh clone has not: marks behind the language, "```sh cluster". */
export const MARKS = ['cluster', 'gpu', 'network', 'platform'];
/** Programs whose commands need a mark. */
const OUTSIDE = [
  'kubectl',
  'helm',
  'docker',
  'podman',
  'buildah',
  'curl',
  'pip',
  'pip3',
  'ctr',
  'skopeo',
  'apt-get',
];

export interface CommandCheck {
  readonly root: string;
  readonly program: Command;
  readonly targets: ReadonlySet<string>;
  readonly scripts: ReadonlySet<string>;
}

/** What the commands of a page name that is not there: verbs, flags, make targets, npm scripts, files; and missing marks. */
export function checkCommands(check: CommandCheck, page: string): string[] {
  const faults: string[] = [];
  for (const fence of fencesOf(readFileSync(join(check.root, page), 'utf8'))) {
    const [language = '', ...marks] = fence.info;
    if (!['', 'sh', 'bash'].includes(language)) continue;
    const unknown = marks.filter((mark) => !MARKS.includes(mark));
    if (unknown.length > 0)
      faults.push(
        `${page}:${fence.line - 1} has the mark ${unknown.join(', ')}, known are ${MARKS.join(', ')}`,
      );
    for (const { text, line } of commandsOf(fence)) {
      const problem = problemOf(check, text, marks);
      if (problem !== undefined) faults.push(`${page}:${line} \`${text.slice(0, 100)}\`: ${problem}`);
    }
  }
  return faults;
}

function problemOf(check: CommandCheck, text: string, marks: readonly string[]): string | undefined {
  const words = wordsOf(text);
  while (/^[A-Z_]+=/.test(words[0] ?? '')) words.shift();
  const [program = '', ...rest] = words;
  if (OUTSIDE.includes(program)) {
    return marks.length > 0
      ? undefined
      : `needs a mark behind the block's language: one of ${MARKS.join(', ')}`;
  }
  if (program === 'cassl') return casslProblem(check.program, rest);
  if (program === 'make')
    return rest
      .filter((word) => !word.includes('=') && !word.startsWith('-'))
      .map((target) => (check.targets.has(target) ? undefined : `there is no make target ${target}`))
      .find(Boolean);
  if (program === 'npm') return npmProblem(check, rest);
  if (program === 'node' || program === 'bash') return fileProblem(check, rest);
  return undefined;
}

/** Walks down the commands and has commander itself read the flags. */
function casslProblem(program: Command, words: readonly string[]): string | undefined {
  let command = program;
  let rest = [...words];
  for (;;) {
    const child = command.commands.find((one) => one.name() === rest[0]);
    if (child === undefined) break;
    command = child;
    rest = rest.slice(1);
  }
  if (command.commands.length > 0 && rest[0] !== undefined && !rest[0].startsWith('-')) {
    return `\`${path(command)}\` has no command ${rest[0]}`;
  }
  try {
    const { unknown } = command.parseOptions(rest.filter((word) => word !== '--help'));
    return unknown[0] === undefined ? undefined : `\`${path(command)}\` has no flag ${unknown[0]}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function path(command: Command): string {
  return command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`;
}

function npmProblem({ scripts }: CommandCheck, [verb, ...rest]: readonly string[]): string | undefined {
  if (verb === 'test' || verb !== 'run') return undefined;
  const name = rest.find((word) => !word.startsWith('-'));
  return name === undefined || scripts.has(name) ? undefined : `there is no npm script ${name}`;
}

function fileProblem({ root }: CommandCheck, words: readonly string[]): string | undefined {
  const file = words.find((word) => !word.startsWith('-'));
  if (file === undefined || !/^[\w./-]+\.(ts|js|sh)$/.test(file)) return undefined;
  return existsSync(join(root, file)) ? undefined : `there is no file ${file}`;
}

/** Up to a pipe, a redirection or a second command; quotes keep words together. */
function wordsOf(text: string): string[] {
  const words = text.match(/"[^"]*"|'[^']*'|[^\s"']+(?:"[^"]*")?/g) ?? [];
  const end = words.findIndex((word) => ['|', '>', '>>', '&&', ';', '&', '<'].includes(word));
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replaceAll(/^["']|["']$/g, ''));
}
