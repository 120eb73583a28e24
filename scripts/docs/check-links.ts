import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { anchorsOf, proseOf } from './markdown.ts';

const LINK = /!?\[(?:[^\][]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

/** What the links and images of a page point to and is not there, a sentence each. */
export function checkLinks(root: string, page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const faults: string[] = [];
  for (const [index, line] of proseOf(text).split('\n').entries()) {
    for (const [, target = ''] of line.matchAll(LINK)) {
      const problem = problemOf(root, page, target, text);
      if (problem !== undefined) faults.push(`${page}:${index + 1} links to ${target}, ${problem}`);
    }
  }
  return faults;
}

function problemOf(root: string, page: string, target: string, text: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, page) : join(root, dirname(page), decodeURIComponent(path));
  if (relative(root, file).startsWith('..')) return 'which lies outside of the repository';
  if (!existsSync(file)) return 'which does not exist';
  if (anchor === undefined || !file.endsWith('.md') || statSync(file).isDirectory()) return undefined;
  const anchors = anchorsOf(path === '' ? text : readFileSync(file, 'utf8'));
  return anchors.has(anchor) ? undefined : 'which has no such heading';
}
