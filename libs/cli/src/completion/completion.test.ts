import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { bashCompletion } from './bash-completion.ts';
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

describe.skipIf(!has('zsh'))('completion in zsh (skipped without zsh)', () => {
  it('is a script that zsh can read, a function a command', () => {
    const script = zshCompletion(tree());
    const { stderr, status } = spawnSync('zsh', ['-n', saved('_cassl', script)], { encoding: 'utf8' });
    expect([stderr, status]).toEqual(['', 0]);
    expect(script).toContain("'list:The user'\\''s jobs'");
    expect(script.match(/^_cassl\w*\(\) \{/gm)).toHaveLength(5);
  });
});

describe.skipIf(!has('fish'))('completion in fish (skipped without fish)', () => {
  const path = saved('cassl.fish', fishCompletion(tree()));
  it.each([
    ['cassl ', ['eval', 'jobs']],
    ['cassl jobs ', ['list', 'watch']],
    ['cassl jobs list --state ', ['queued', 'running']],
    ['cassl jobs list --st', ['--state']],
  ])('of %j offers %j', (line, offered) => {
    const code = `source $argv[1]; complete -C $argv[2]`;
    const { stdout } = spawnSync('fish', ['--no-config', '-c', code, path, line], {
      encoding: 'utf8',
      cwd: folder,
      env: { ...process.env, HOME: folder },
    });
    const words = stdout.split('\n').map((text) => text.split('\t')[0] ?? '');
    expect(words.filter((word) => /^[a-z-]+$/.test(word)).sort()).toEqual(offered);
  });
});
