import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorMessage, invalidArgument } from '@cassl/errors';

/**
 * Makes the folder of a file that a command will write, before it asks anybody for what goes into it.
 * @throws INVALID_ARGUMENT that names the flag, where no file can be
 */
export async function makePlaceFor(flag: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true }).catch((cause: unknown) => {
    throw invalidArgument(`${flag} ${file}: its folder cannot be made: ${errorMessage(cause)}`, { cause });
  });
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory() === true)
    throw invalidArgument(`${flag} ${file} is a folder: name the file in it that is to be written`);
}
