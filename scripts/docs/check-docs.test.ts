import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '@cassl/cli';
import { afterAll, describe, expect, it } from 'vitest';
import { checkCommands } from './check-commands.ts';
import { checkLinks } from './check-links.ts';

const root = mkdtempSync(join(tmpdir(), 'cassl-docs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const page = (text: string): string => {
  writeFileSync(join(root, 'page.md'), text);
  return 'page.md';
};

describe('links of a page', () => {
  it.each([
    ['[a](missing.md)', ['page.md:1 links to missing.md, which does not exist']],
    ['![a](missing.png)', ['page.md:1 links to missing.png, which does not exist']],
    ['# A `b` c!\n[a](#a-b-c) [b](page.md#a-b-c) [c](https://example.org/x)', []],
    ['[a](#nowhere)', ['page.md:1 links to #nowhere, which has no such heading']],
    ['[a](../outside.md)', ['page.md:1 links to ../outside.md, which lies outside of the repository']],
    ['`[a](missing.md)`\n```\n[a](missing.md)\n```', []],
  ])('%j', (text, faults) => {
    expect(checkLinks(root, page(text))).toEqual(faults);
  });
});

describe('commands of a page', () => {
  it.each([
    ['```\ncassl jobs list --state failed   # all\n```', []],
    ['```\ncassl jobs lst\n```', ['page.md:2 `cassl jobs lst`: `cassl jobs` has no command lst']],
    ['```\ncassl up --colour\n```', ['page.md:2 `cassl up --colour`: `cassl up` has no flag --colour']],
    [
      '```sh\nmake demo SEEDS=3\nmake coffee\n```',
      ['page.md:3 `make coffee`: there is no make target coffee'],
    ],
    ['```\nnpm run -s dance -- x\n```', ['page.md:2 `npm run -s dance -- x`: there is no npm script dance']],
    [
      '```\nnode scripts/none.ts\n```',
      ['page.md:2 `node scripts/none.ts`: there is no file scripts/none.ts'],
    ],
    ['```sh cluster\nkubectl get pods\n```', []],
    ['```text\ncassl nonsense\n```', []],
  ])('%j', async (text, faults) => {
    const check = {
      root,
      program: await createProgram(),
      targets: new Set(['demo']),
      scripts: new Set(['cassl']),
    };
    expect(checkCommands(check, page(text))).toEqual(faults);
  });

  it('of other programs need a mark that says what they need', async () => {
    const check = {
      root,
      program: await createProgram(),
      targets: new Set<string>(),
      scripts: new Set<string>(),
    };
    expect(checkCommands(check, page('```\nkubectl get pods\n```'))).toEqual([
      expect.stringContaining("needs a mark behind the block's language") as string,
    ]);
  });
});
