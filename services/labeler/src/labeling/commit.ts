import { dataLoss, errorMessage } from '@cassl/errors';
import type { LabelFileEntry } from '@cassl/labels';

/** An image that could not be labeled. */
export interface CommittedFailure {
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

/** That a shard is done: written once, after its label file, by whoever was first. */
export interface Commit {
  readonly index: number;
  /** The label file's line in the label set. */
  readonly file: LabelFileEntry;
  /** The first ten; all are rows of the label file. */
  readonly failures: readonly CommittedFailure[];
  /** Images with as many labels as were allowed. */
  readonly full: number;
  /** Images whose labels were known before; absent for none. */
  readonly known?: number;
  /** Of the worker. */
  readonly seconds: number;
  readonly attempt: number;
}

const PER_FOLDER = 1000;

/** `commits/00041/0041666.json`: a folder holds a thousand at most, so that a full one need not be listed again. */
export function commitKey(index: number): string {
  const folder = String(Math.floor(index / PER_FOLDER)).padStart(5, '0');
  return `${COMMITS}${folder}/${String(index).padStart(8, '0')}.json`;
}

export const COMMITS = 'commits/';

export function indexOfKey(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1).replace('.json', ''));
}

export function encodeCommit(commit: Commit): Buffer {
  return Buffer.from(JSON.stringify(commit));
}

/** @throws DATA_LOSS that names where it was found, for what is no commit */
export function decodeCommit(bytes: Uint8Array, where: string): Commit {
  const commit = parse(bytes, where);
  const { index, file, failures } = commit;
  if (!Number.isInteger(index) || index < 0 || typeof file?.digest !== 'string' || !Array.isArray(failures))
    throw dataLoss(`${where} is damaged: it is no commit of a shard`);
  return commit as Commit;
}

function parse(bytes: Uint8Array, where: string): Partial<Commit> & { readonly index: number } {
  try {
    return { index: -1, ...(JSON.parse(Buffer.from(bytes).toString()) as Partial<Commit>) };
  } catch (error) {
    throw dataLoss(`${where} is damaged: ${errorMessage(error)}`, { cause: error });
  }
}
