import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { bashCompletion } from './bash-completion.ts';
import { createProgram } from '../program.ts';
import { commandTree } from './command-tree.ts';
import { fishCompletion } from './fish-completion.ts';
import { zshCompletion } from './zsh-completion.ts';

const folder = mkdtempSync(join(tmpdir(), 'cassl-completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const has = (program: string): boolean => spawnSync(program, ['-c', 'true']).status === 0;

function tree(): ReturnType<typeof commandTree> {
  const program = new Command('cassl').description('It\'s a test: [brackets], "quotes" and $dollars.');
  const jobs = program.command('jobs').description('All jobs.');
  jobs
    .command('list')
    .description("The user's jobs.")
    .option('--home <dir>', 'folder')
    .addOption(new Option('--state <state>', 'only in this').choices(['queued', 'running']));
  jobs.command('watch').argument('<job>').option('-f, --follow', 'go on');
  program.command('eval').description('Scores results.').argument('<file>');
  return commandTree(program);
}

function saved(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, script);
  return path;
}

describe('completion in bash', () => {
  const path = saved('cassl.bash', bashCompletion(tree()));
  const complete = (...words: string[]): string[] => {
    const code =
      'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _cassl; printf "%s\\n" "${COMPREPLY[@]}"';
    const { stdout, stderr } = spawnSync('bash', ['-c', code, path, ...words], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  };

  it.each([
    [
      ['cassl', ''],
      ['jobs', 'eval'],
    ],
    [['cassl', 'j'], ['jobs']],
    [
      ['cassl', 'jobs', ''],
      ['list', 'watch'],
    ],
    [['cassl', 'jobs', 'list', '--s'], ['--state']],
    [
      ['cassl', 'jobs', 'list', '--state', ''],
      ['queued', 'running'],
    ],
    [
      ['cassl', 'jobs', 'list', '--state', 'queued', '--h'],
      ['--home', '--help'],
    ],
    [
      ['cassl', 'jobs', 'watch', '-'],
      ['--follow', '-f', '--help'],
    ],
    // Paths are the shell's own matter.
    [['cassl', 'jobs', 'list', '--home', 'x'], []],
    [['cassl', 'eval', 'fi'], []],
  ])('of %j offers %j', (words, offered) => {
    expect(complete(...words)).toEqual(offered);
  });
});

const offeredByZsh = (path: string, line: string): string[] => {
  const offers = join(import.meta.dirname, 'zsh-offers.fixture.zsh');
  const { stdout, stderr } = spawnSync('zsh', ['-f', offers, path, line], {
    ...{ encoding: 'utf8', cwd: folder, timeout: 50_000 },
    env: { ...process.env, HOME: folder, ZDOTDIR: folder },
  });
  expect(stderr).toBe('');
  return [...stdout.matchAll(/^offer:(.*?)\r?$/gm)].map(([, word = '']) => word);
};

describe.skipIf(!has('zsh'))('completion in zsh (skipped without zsh)', () => {
  const path = saved('_cassl', zshCompletion(tree()));
  it.each([
    ['cassl ', ['eval', 'jobs']],
    ['cassl j', ['jobs']],
    ['cassl jobs ', ['list', 'watch']],
    ['cassl jobs list --st', ['--state']],
    ['cassl jobs list --state ', ['queued', 'running']],
    ['cassl jobs list --state queued --h', ['--help', '--home']],
    ['cassl jobs watch --f', ['--follow']],
    // Paths are of the folder that it runs in.
    ['cassl eval cassl.b', ['cassl.bash']],
    ['cassl jobs list --home _c', ['_cassl']],
  ])('of %j offers %j', (line, offered) => {
    expect(offeredByZsh(path, line).sort()).toEqual(offered);
  });
});

const offeredByFish = (path: string, line: string): string[] => {
  const { stdout, stderr } = spawnSync(
    'fish',
    ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', path, line],
    { encoding: 'utf8', cwd: folder, env: { ...process.env, HOME: folder } },
  );
  expect(stderr).toBe('');
  return stdout.split('\n').flatMap((text) => (text === '' ? [] : [text.split('\t')[0] ?? '']));
};

describe.skipIf(!has('fish'))('completion in fish (skipped without fish)', () => {
  const path = saved('cassl.fish', fishCompletion(tree()));
  it.each([
    ['cassl ', ['eval', 'jobs']],
    ['cassl j', ['jobs']],
    ['cassl jobs ', ['list', 'watch']],
    ['cassl jobs list --st', ['--state']],
    ['cassl jobs list --state ', ['queued', 'running']],
    ['cassl jobs list --state queued --h', ['--help', '--home']],
    ['cassl jobs watch --f', ['--follow']],
    ['cassl eval cassl.b', ['cassl.bash']],
    ['cassl jobs list --home _c', ['_cassl']],
  ])('of %j offers %j', (line, offered) => {
    expect(offeredByFish(path, line).sort()).toEqual(offered);
  });
});

const offeredByBash = (path: string): string[] => {
  // As readline calls what `complete` has named for the command.
  const code = `source "$0"; set -- $(complete -p cassl); COMP_WORDS=(cassl ""); COMP_CWORD=1
"\${@:$#-1:1}"; printf "%s\\n" "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', code, path], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
};

describe.each([
  ['bash', bashCompletion, offeredByBash],
  ['zsh', zshCompletion, (path: string) => offeredByZsh(path, 'cassl ')],
  ['fish', fishCompletion, (path: string) => offeredByFish(path, 'cassl ')],
] as const)('completion of every command there is', (shell, script, offers) => {
  it.skipIf(!has(shell))(`is loaded by ${shell} (skipped without ${shell})`, async () => {
    const program = await createProgram();
    const path = saved(`all.${shell}`, script(commandTree(program)));
    expect(offers(path).sort()).toEqual(program.commands.map((command) => command.name()).sort());
  });
});
