// docs/method.md and the code hold each other: every section that a comment cites exists, every file that the page names exists,
// and every sentence with a formula stands in a paragraph, list item or table row that names its file. Prints what does not hold and
// exits 1.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const PAGE = 'docs/method.md';
const CITATION = /\bmethod(?:\.md)? ?([1-9](?:\.\d+)?)\b/g;
const FORMULA = /[=≥≤←√Σ⌊²∈]/;
const FILE = /`[\w./-]+\.ts`/;

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
const sections = new Map<string, string>();
for (const part of readFileSync(PAGE, 'utf8')
  .split(/^#{2,3} (?=\d)/m)
  .slice(1)) {
  sections.set(/^[\d.]*\d/.exec(part)?.[0] ?? '', part);
}

/** Paragraphs and list items; a table is one block with the paragraph below it, which names its files. */
function blocksOf(text: string): string[] {
  return text
    .replaceAll(/^(\|.*)\n\n/gm, '$1\n')
    .split(/\n\n|\n(?=- )/)
    .map((block) => block.replaceAll(/\s+/g, ' ').trim());
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
  for (const block of blocksOf(text)) {
    if (!section.includes('.') || !FORMULA.test(block) || FILE.test(block)) continue;
    faults.push(`${PAGE} ${section} has a formula whose file is not named: ${block.slice(0, 80)}…`);
  }
}
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
