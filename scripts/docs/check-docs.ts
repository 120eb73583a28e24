// Links, images and commands of README, CONTRIBUTING and all pages: what they point to is there, commands have the verbs and
// flags that they name, and what needs more than a fresh clone is marked. Prints what does not hold and exits 1.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from '@cassl/cli';
import { checkCommands, type CommandCheck } from './check-commands.ts';
import { checkLinks } from './check-links.ts';

const root = join(import.meta.dirname, '../..');
const pages = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((page) => page !== '' && existsSync(join(root, page)));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
const check: CommandCheck = {
  root,
  program: await createProgram(),
  targets: new Set([...makefile.matchAll(/^([a-z][\w-]*):/gm)].map(([, name = '']) => name)),
  scripts: new Set(Object.keys(scripts)),
};
const faults = pages.flatMap((page) => [...checkLinks(root, page), ...checkCommands(check, page)]);
for (const fault of faults) console.error(fault);
if (faults.length === 0) console.log(`docs: links, images and commands of ${pages.length} pages hold`);
process.exit(faults.length === 0 ? 0 : 1);
