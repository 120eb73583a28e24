/** A fenced block of a page. */
export interface Fence {
  /** Of its first line inside, from 1. */
  readonly line: number;
  /** Words behind the fence: language, then marks: "sh cluster". */
  readonly info: readonly string[];
  readonly lines: readonly string[];
}

/** The fenced blocks of a page. */
export function fencesOf(text: string): Fence[] {
  const fences: { line: number; info: string[]; lines: string[] }[] = [];
  let open: (typeof fences)[number] | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^\s*```(.*)$/.exec(line);
    if (mark === null) open?.lines.push(line);
    else if (open === undefined) {
      open = { line: index + 2, info: (mark[1] ?? '').trim().split(/\s+/).filter(Boolean), lines: [] };
    } else {
      fences.push(open);
      open = undefined;
    }
  }
  return fences;
}

/** The page without fenced blocks and inline code, line numbers kept. */
export function proseOf(text: string): string {
  let inFence = false;
  return text
    .split('\n')
    .map((line) => {
      const isMark = /^\s*```/.test(line);
      if (isMark) inFence = !inFence;
      return isMark || inFence ? '' : line.replaceAll(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    })
    .join('\n');
}

/** Names that links can have behind #, as GitHub makes them of headings. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseless(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
    const base = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    let anchor = base;
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${base}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

function proseless(text: string): string {
  let inFence = false;
  return text
    .split('\n')
    .filter((line) => {
      if (!/^\s*```/.test(line)) return !inFence;
      inFence = !inFence;
      return false;
    })
    .join('\n');
}

/** Whole commands of a block: continued lines and strings joined, comments and prompts taken off. */
export function commandsOf({ lines, line }: Fence): { readonly text: string; readonly line: number }[] {
  const commands: { text: string; line: number }[] = [];
  let open = '';
  for (const [index, raw] of lines.entries()) {
    const text = `${open}${raw.replace(/^\s*\$ /, '').replace(/(^|\s)#.*$/, '')}`.trimEnd();
    if (text.endsWith('\\')) {
      open = `${text.slice(0, -1)} `;
      continue;
    }
    // A string that goes on in the next line.
    if ((text.match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1) {
      open = `${text} `;
      continue;
    }
    open = '';
    if (text.trim() !== '') commands.push({ text: text.trim(), line: line + index });
  }
  return commands;
}
