import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { pieceContent } from '../file-piece.ts';
import type { StateDict } from '../host-tensor.ts';
import { lazyState } from '../lazy-tensor.ts';
import { writeAtomically, type WrittenFile } from '../write-atomically.ts';
import { planExportFile, type ExportFileOptions, type PlannedFile } from './plan-export-file.ts';
import { noteName } from './snippet.ts';

export interface WrittenExport extends WrittenFile {
  readonly plan: PlannedFile;
  /** Where the note is: see `ExportNote`. */
  readonly notePath: string;
}

/** Writes a checkpoint as another framework's file, and its note beside it. */
export async function writeExport(
  path: string,
  state: StateDict,
  options: Omit<ExportFileOptions, 'file'>,
): Promise<WrittenExport> {
  const plan = planExportFile(lazyState(state), { ...options, file: basename(path) });
  const pieces = plan.pieces((tensor) => crc32(pieceContent(tensor)));
  const written = await writeAtomically(path, pieces.map(pieceContent));
  const notePath = noteName(path);
  await writeFile(notePath, JSON.stringify({ ...plan.note, ...written }, null, 2) + '\n');
  return { ...written, plan, notePath };
}
