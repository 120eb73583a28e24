import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { invalidArgument } from '@cassl/errors';
import type { ExportPiece } from './export-piece.ts';
import { openSmallFiles } from './small-files.ts';

/** Files that a piece may still be appended to; whatever else comes is a file of its own. */
const OPEN_FILES = 8;
/** Bytes that may wait for the disk, of each open file. */
const WRITTEN_AHEAD = 1 << 20;

/**
 * Writes an export under a folder as its pieces come; files that stand there already are replaced. Answers the number of
 * files, links included, and what the export counted.
 * @throws INVALID_ARGUMENT for a path that leaves the folder
 */
export async function writeExport<Totals>(
  pieces: AsyncGenerator<ExportPiece, Totals>,
  out: string,
): Promise<{ readonly files: number; readonly totals: Totals }> {
  const open = new Map<string, WriteStream>();
  const folders = new Set<string>();
  const small = openSmallFiles();
  let failed: Error | undefined;
  let files = 0;
  let totals: Totals;

  const folderOf = async (path: string): Promise<string> => {
    if (path.startsWith('/') || path.split('/').includes('..')) {
      throw invalidArgument(`export: the path ${JSON.stringify(path)} leaves its folder`);
    }
    const target = join(out, path);
    const folder = dirname(target);
    if (!folders.has(folder)) await mkdir(folder, { recursive: true });
    folders.add(folder);
    return target;
  };

  try {
    for (;;) {
      const next = await pieces.next();
      if (failed !== undefined) throw failed;
      if (next.done === true) {
        totals = next.value;
        break;
      }
      const piece = next.value;
      const target = await folderOf(piece.path);
      if ('linkTo' in piece) {
        files++;
        await small.add({ target, linkTo: piece.linkTo });
      } else if ('text' in piece && piece.path.includes('/')) {
        files++;
        await small.add({ target, text: piece.text });
      } else {
        let stream = open.get(piece.path);
        if (stream === undefined) {
          if (open.size >= OPEN_FILES)
            throw invalidArgument(`export: more than ${OPEN_FILES} files at its top`);
          files++;
          open.set(piece.path, (stream = createWriteStream(target, { highWaterMark: WRITTEN_AHEAD })));
          stream.on('error', (error) => (failed ??= error));
        }
        if (!stream.write('text' in piece ? piece.text : piece.bytes)) await drained(stream);
      }
    }
    await small.flush();
  } finally {
    await pieces.return(undefined as never);
    for (const stream of open.values()) stream.end();
    await Promise.allSettled([small.close(), ...[...open.values()].map((stream) => finished(stream))]);
  }
  if (failed !== undefined) throw failed as Error;
  return { files, totals };
}

/** Rejects where the stream fails instead; both ways it leaves no listener behind. */
async function drained(stream: WriteStream): Promise<void> {
  if (stream.writableNeedDrain) await once(stream, 'drain');
}
