import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes what a flag named; its folder is made where it is missing. */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
