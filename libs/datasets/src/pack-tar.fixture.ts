import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pack } from 'tar-stream';

/** A tar file of files of a folder, under their names. */
export async function packTar(path: string, folder: string, names: readonly string[]): Promise<void> {
  const tar = pack();
  const file = tar.pipe(createWriteStream(path));
  for (const name of names) tar.entry({ name }, await readFile(join(folder, name)));
  tar.finalize();
  await finished(file);
}
