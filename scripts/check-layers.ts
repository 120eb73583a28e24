// The arrow line of CONTRIBUTING.md, held: every lib is in it, and depends on libs to its left alone. Tests may look up, for real
// neighbours. Prints what does not hold and exits 1.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LINE = /Arrows point down: `([^`]+)`/;

const order = (LINE.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1] ?? '').split(' < ');
const libs = readdirSync('libs', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const faults = [
  ...libs.filter((lib) => !order.includes(lib)).map((lib) => `libs/${lib} is not in the arrow line`),
  ...order.filter((lib) => !libs.includes(lib)).map((lib) => `${lib} of the arrow line is no lib`),
  ...libs.flatMap(upwards),
];

function upwards(lib: string): string[] {
  const text = readFileSync(join('libs', lib, 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@cassl/'))
    .map((name) => name.slice('@cassl/'.length))
    .filter((other) => order.indexOf(other) >= order.indexOf(lib))
    .map((other) => `libs/${lib} depends on ${other}, which is not to its left in the arrow line`);
}

for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
