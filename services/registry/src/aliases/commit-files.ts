import { invalidArgument, notFound } from '@cassl/errors';
import type { Kysely } from 'kysely';
import type { Database } from '../database/schema.ts';
import { NO_FILES, storeSmallFile, WEIGHTS, type FileSet, type SmallFile } from './file-set.ts';

/** What one commit changes, in its order. */
export type FileOperation =
  | { readonly kind: 'add'; readonly path: string; readonly content: Uint8Array }
  | { readonly kind: 'weights'; readonly path: string; readonly digest: string }
  | { readonly kind: 'delete'; readonly path: string; readonly isFolder: boolean };

/** What an alias shows: a checkpoint, empty before its first weights, and the files beside it. */
export interface AliasFiles {
  readonly digest: string;
  readonly files: FileSet | undefined;
}

/** Files are rows of the database: what is larger belongs beside the registry. */
export const MAX_SMALL_BYTES = 2 * 2 ** 20;
const MAX_FILES = 10_000;

/**
 * The state after the operations; the contents of added files are stored.
 * @throws NOT_FOUND for a path that is to be deleted and is not there, INVALID_ARGUMENT for more than a repository holds
 */
export async function applyOperations(
  db: Kysely<Database>,
  before: AliasFiles,
  operations: readonly FileOperation[],
): Promise<AliasFiles> {
  const { weights: oldName, small } = before.files ?? NO_FILES;
  const files = new Map<string, SmallFile>(Object.entries(small));
  let weights = before.digest === '' ? undefined : { path: oldName, digest: before.digest };
  /** Weights that have another name by now: clients may delete the old one after it. */
  const isRenamed = (name: string): boolean =>
    before.digest !== '' && name === oldName && name !== weights?.path && !files.has(name);
  const isDeleted = (name: string): boolean =>
    operations.some(({ kind, path }) => kind === 'delete' && path === name);
  let isWithout = false;
  for (const operation of operations) {
    if (operation.kind === 'weights') {
      if (weights !== undefined && operation.path !== weights.path && !isDeleted(weights.path))
        throw invalidArgument(
          `a branch has one safetensors file, here ${weights.path}: delete it in the same commit, or push ${operation.path} to another branch`,
        );
      weights = { path: operation.path, digest: operation.digest };
      isWithout = false;
      files.delete(operation.path);
    } else if (operation.kind === 'add') {
      if (operation.path === weights?.path)
        throw invalidArgument(`${operation.path} is the name of the weights: it must be safetensors`);
      files.set(operation.path, await storeSmallFile(db, operation.content));
    } else if (!operation.isFolder && operation.path === weights?.path) isWithout = true;
    else if (operation.isFolder || !isRenamed(operation.path)) deletePaths(files, operation);
  }
  // A file that is deleted and added in one commit was renamed or replaced.
  if (isWithout)
    throw invalidArgument(
      `${weights?.path ?? WEIGHTS} are the weights of this branch: replace them in the same commit, or delete the branch`,
    );
  if (files.size > MAX_FILES)
    throw invalidArgument(`a repository may hold ${MAX_FILES} files beside its weights, got ${files.size}`);
  const set = { weights: weights?.path ?? WEIGHTS, small: Object.fromEntries(files) };
  const isPlain = files.size === 0 && set.weights === WEIGHTS && before.files === undefined;
  return { digest: weights?.digest ?? '', files: isPlain ? undefined : set };
}

function deletePaths(
  files: Map<string, SmallFile>,
  { path, isFolder }: Extract<FileOperation, { kind: 'delete' }>,
): void {
  const folder = `${path.replace(/\/+$/, '')}/`;
  const found = [...files.keys()].filter((name) => (isFolder ? name.startsWith(folder) : name === path));
  if (found.length === 0)
    throw notFound(`${path.slice(0, 200)} is not here to be deleted`, {
      details: { hubCode: 'EntryNotFound' },
    });
  for (const name of found) files.delete(name);
}
