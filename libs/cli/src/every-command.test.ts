import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCommands, commandTree } from './completion/command-tree.ts';
import { cassl, isPlain } from './in-process.fixture.ts';
import { createProgram } from './program.ts';

const COMMANDS = allCommands(commandTree(await createProgram()));
const PATHS = COMMANDS.map(({ path }) => path.split(' ').filter((word) => word !== ''));
const LEAVES = leavesOf(await createProgram());
/** Flags with a value, and those of them whose value is a number, which their placeholder says. */
const FLAGS = LEAVES.flatMap(({ path, command }) =>
  command.options.filter(({ required }) => required).map(({ long }) => [path, long ?? ''] as const),
);
const NUMBERS = LEAVES.flatMap(({ path, command }) =>
  command.options
    .filter(({ flags }) => /<(n|p|score|value|days|seconds|pixels|count|version)>/.test(flags))
    .map(({ long }) => [path, long ?? ''] as const),
);
/** Commands that can do nothing without an argument or a flag. */
const NEEDY = LEAVES.filter(
  ({ command }) =>
    command.registeredArguments.some(({ required }) => required) ||
    command.options.some(({ mandatory }) => mandatory),
).map(({ path }) => path);

/** Why a command that takes a file, folder or name has no line in `MISSING`. */
const TAKES_NONE = [
  'completion',
  'data scenes',
  'doctor',
  'diagnose',
  'up',
  'alias list',
  'checkpoints list',
];

const LABELED = ['--annotations', 'gone.json', '--images', 'gone'];
/** Calls that name something that is not there; the answer names it too. */
const MISSING: readonly (readonly [call: string, named: RegExp])[] = [
  ['data check gone', /gone/],
  [`data check ${LABELED.join(' ')}`, /gone\.json/],
  [`data statistics ${LABELED.join(' ')}`, /gone\.json/],
  [`data augment --sheet sheet.png ${LABELED.join(' ')}`, /gone\.json/],
  ['data export gone.labelset.jsonl --format coco --out out', /gone\.labelset\.jsonl/],
  ['eval --gt gone.json --results gone2.json', /gone\.json/],
  [
    'eval --gt gone.json --results gone2.json --type panoptic --gt-dir gone --results-dir gone2',
    /gone\.json/,
  ],
  ['experiment gone.yaml --out out', /gone\.yaml/],
  ['export gone.safetensors --for detectron2', /gone\.safetensors/],
  ['import gone.safetensors --as swin-t', /gone\.safetensors/],
  ['init gone', /gone/],
  ['labels import gone.json --images gone --out out', /gone\.json/],
  ['label gone --teacher gone.onnx --out out', /gone/],
  ['load --target 127.0.0.1:9 --model any --images gone', /gone/],
  ['run gone.yaml --out out', /gone\.yaml/],
  ['run gone.yaml --out out --check', /gone\.yaml/],
  ['summary gone.yaml', /gone\.yaml/],
];
/** Services of their own would have to start for these: `every-answer.test.ts` has them. */
const OF_SERVICES = [
  ...['alias', 'checkpoints', 'labels', 'jobs'].flatMap((group) => pathsUnder(group)),
  ...['detect', 'label', 'pull', 'push'],
];

/** What is wrong with these is in the call or on this machine. */
const WRONG_HERE: readonly (readonly [call: string, named: RegExp])[] = [
  ['push gone.safetensors', /gone\.safetensors/],
  ['push folder', /folder is not a file/],
  ['push here.safetensors --manifest gone.json', /--manifest gone\.json/],
  ['push here.safetensors --tag nothing', /--tag must be key=value, got "nothing"/],
  ['pull team/tiny --out folder', /--out folder is a folder/],
  ['pull team/tiny --out here.safetensors/below', /--out here\.safetensors\/below/],
  ['label gone.jpg --alias team/tiny', /gone\.jpg/],
  ['label folder --alias team/tiny', /--out is missing/],
  ['detect gone.jpg --alias team/tiny', /gone\.jpg/],
  [`labels choose gone.labelset.jsonl ${LABELED.join(' ')} --precision 0`, /a number above 0 to 1/],
  ['labels export gone.labelset.jsonl --format tfrecord --out out', /Allowed choices are coco, yolo/],
  ['labels merge one.labelset.jsonl', /at least 2/],
  ['label folder --alias team/tiny --out out --shard-size 4097', /a whole number from 1 to 4096/],
];

interface Leaf {
  readonly path: string;
  readonly command: Command;
}

function leavesOf(command: Command, path = ''): readonly Leaf[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((child) => leavesOf(child, `${path} ${child.name()}`.trim()));
}

function pathsUnder(group: string): string[] {
  return COMMANDS.map(({ path }) => path).filter((path) => path.startsWith(`${group} `));
}

describe('every command', () => {
  let folder = '';
  const before = process.cwd();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-walk-'));
    process.chdir(folder);
  });
  afterAll(async () => {
    process.chdir(before);
    await rm(folder, { recursive: true, force: true });
  });

  it.each(PATHS)('explains itself: cassl %s %s', async (...path) => {
    const { code, out, err } = await cassl(...path, '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: ${['cassl', ...path].join(' ')}`));
    // What it is for, before what can be said to it.
    expect(out.split('\n')[2]).toMatch(/\w{3,}.*/);
    expect(isPlain(out)).toBe(true);
  });

  it.each(PATHS)(
    'refuses a flag that it does not know, and says where to look: cassl %s %s',
    async (...path) => {
      const { code, out, err } = await cassl(...path, '--no-such-flag');
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/--help|Usage: /);
      expect(isPlain(err)).toBe(true);
    },
  );

  it.each(FLAGS)('refuses --flag without its value, and names it: cassl %s %s', async (path, flag) => {
    const { code, out, err } = await cassl(...path.split(' '), flag);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`${flag} <`);
    expect(err).toMatch(/argument missing/);
  });

  it.each(NUMBERS)('takes only numbers for a number: cassl %s %s', async (path, flag) => {
    for (const text of ['banana', '', '1e999', 'NaN']) {
      const { code, out, err } = await cassl(...path.split(' '), `${flag}=${text}`);
      expect([text, code, out]).toEqual([text, 2, '']);
      expect(err).toContain(`${flag} <`);
      expect(err).toMatch(new RegExp(`'${text}' is invalid`));
      expect(isPlain(err)).toBe(true);
    }
  });

  it.each(NEEDY)('says what a call without words lacks: cassl %s', async (path) => {
    const { code, out, err } = await cassl(...path.split(' '));
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^cassl: (missing required argument|required option)/);
  });

  it.each(['--dataset d', '--min 0.3', '--margin=-1', '--lower-is-better'])(
    'removes no rule where the metric was forgotten: cassl alias rule team/prod %s',
    async (flags) => {
      const { code, out, err } = await cassl('alias', 'rule', 'team/prod', ...flags.split(' '));
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain('--metric');
    },
  );

  it.each(MISSING)('names what is not there, and ends with 2: cassl %s', async (call, named) => {
    const { code, out, err } = await cassl(...call.split(' '));
    expect(err).toMatch(named);
    expect([code, out]).toEqual([2, '']);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(isPlain(err)).toBe(true);
  });

  it.each(WRONG_HERE)(
    'looks at what it was given before it starts services: cassl %s',
    async (call, named) => {
      await mkdir('folder', { recursive: true });
      await writeFile('here.safetensors', 'here');
      const { code, out, err } = await cassl(...call.split(' '), '--home', 'never');
      expect(err).toMatch(named);
      expect([code, out]).toEqual([2, '']);
      expect(existsSync('never')).toBe(false);
    },
  );

  it('is in one of these lists', () => {
    const walked = MISSING.map(([call]) => call);
    const leaves = COMMANDS.filter(({ children }) => children.length === 0).map(({ path }) => path);
    const forgotten = leaves.filter(
      (path) =>
        ![...TAKES_NONE, ...OF_SERVICES].includes(path) &&
        !walked.some((call) => call.startsWith(`${path} `)),
    );
    expect(forgotten).toEqual([]);
  });

  it.each([['nosuch'], ['jobs', 'nosuch'], ['jbos']])(
    'corrects a word that is no command: %s %s',
    async (...words) => {
      const { code, err } = await cassl(...words);
      expect(code).toBe(2);
      expect(err).toContain(words.at(-1));
    },
  );
});
