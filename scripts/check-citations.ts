// docs/method.md and the code hold each other: every section that a comment cites exists, every file that the page names exists,
// and every section with a formula names a file. Prints what does not hold and exits 1.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const PAGE = 'docs/method.md';
const CITATION = /\bmethod(?:\.md)? ?([1-9](?:\.\d+)?)\b/g;
const FORMULA = /[=≥≤←√Σ⌊²]/;

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
const sections = new Map<string, string>();
for (const part of readFileSync(PAGE, 'utf8')
  .split(/^#{2,3} (?=\d)/m)
  .slice(1)) {
  sections.set(/^[\d.]*\d/.exec(part)?.[0] ?? '', part);
}

const faults: string[] = [];
for (const file of files) {
  if (!/\.(ts|proto|cc|h|md)$/.test(file) || file === PAGE || file.includes('/gen/') || !existsSync(file))
    continue;
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((line, index) => {
      for (const [text, section = ''] of line.matchAll(CITATION)) {
        if (!sections.has(section))
          faults.push(`${file}:${index + 1} cites "${text}", which ${PAGE} does not have`);
      }
    });
}
for (const [section, text] of sections) {
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name = '']) => name);
  for (const name of named) {
    if (!files.some((file) => file === name || file.endsWith(`/${name}`)))
      faults.push(`${PAGE} ${section} names ${name}, which is no file of this repository`);
  }
  if (section.includes('.') && FORMULA.test(text) && named.length === 0)
    faults.push(`${PAGE} ${section} has a formula and names no file`);
}
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
