import { readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { alreadyExists, errorMessage } from '@cassl/errors';

/** A file of its own, or a link. */
export type SmallFile =
  { readonly target: string; readonly text: string } | { readonly target: string; readonly linkTo: string };

/** Without promises: a call of the system a file is all that a file costs. */
export function writeSmallFile(file: SmallFile): void {
  if ('linkTo' in file) link(file.linkTo, file.target);
  else writeFileSync(file.target, file.text);
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    const there = linkAt(path);
    if (there === target) return;
    if (there === undefined) {
      throw alreadyExists(`export: ${path} cannot be linked: ${errorMessage(error)}`, { cause: error });
    }
    rmSync(path);
    symlinkSync(target, path);
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
