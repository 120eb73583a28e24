import { createHash } from 'node:crypto';

export interface FileName {
  /** Without its ending; no two images share one, also where case does not count. */
  readonly stem: string;
  /** `.jpg`, or '' for a key without one. */
  readonly ending: string;
}

const LONGEST_PART = 120;

/** Gives each image key a file name of its own that every file system takes. Remembers all stems: a string an image. */
export function createFileNames(): (key: string) => FileName {
  const taken = new Set<string>();
  return (key) => {
    const safe = key.split('/').map(safePart).join('/');
    const ending = /\.[A-Za-z0-9]{1,8}$/.exec(safe)?.[0] ?? '';
    const stem = safe.slice(0, safe.length - ending.length);
    const ways = [stem, safe, `${stem}-${shortHash(key)}`];
    const free =
      ways.find((way) => !taken.has(way.toLowerCase())) ?? `${stem}-${shortHash(key)}-${taken.size}`;
    taken.add(free.toLowerCase());
    return { stem: free, ending };
  };
}

/** Control characters, what Windows forbids, parts that leave the folder and parts too long get another form. */
function safePart(part: string): string {
  const plain = part.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029\\:*?"<>|]/g, '_').toWellFormed();
  const trimmed = plain.replace(/^[\s.]+|[\s.]+$/g, (edge) => '_'.repeat(edge.length));
  const named = trimmed === '' ? '_' : trimmed;
  if (Buffer.byteLength(named) <= LONGEST_PART) return named;
  const ending = /\.[A-Za-z0-9]{1,8}$/.exec(named)?.[0] ?? '';
  return `${Array.from(named).slice(0, 24).join('')}-${shortHash(part)}${ending}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}
