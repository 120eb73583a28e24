import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage, invalidArgument } from '@cassl/errors';
import { fileSource } from './byte-source.ts';
import type { StateDict } from './host-tensor.ts';
import { readPth } from './pth/read.ts';
import { readSafetensors } from './safetensors/read.ts';

export interface ReadCheckpoint {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where in a PyTorch file the tensors were; empty at its root. */
  readonly key: string;
  /** Where else in it tensors are. */
  readonly otherKeys: readonly string[];
}

/** What a folder of weights may hold, the first that is there (transformers and diffusers save these). */
const FOLDER_FILES = [
  'model.safetensors.index.json',
  'pytorch_model.bin.index.json',
  'model.safetensors',
  'pytorch_model.bin',
];
const WEIGHTS = /\.(safetensors|pth|pt|bin|pkl|ckpt)$/;

/**
 * Reads a checkpoint in any container that is known, told by its first bytes and not by its name: safetensors, or
 * PyTorch's and detectron2's pickles without running them; also a folder of one, and shards with their index.
 * @param key see `readPth`
 * @throws NOT_FOUND for a missing file, INVALID_ARGUMENT for one that is damaged or of another kind, by its name
 */
export async function readCheckpoint(path: string, key?: string): Promise<ReadCheckpoint> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return readCheckpoint(await fileOfFolder(path), key);
  const source = await fileSource(path);
  try {
    const start = await source.read(0, Math.min(9, source.sizeBytes));
    if (start[0] === 0x7b) return await readShards(path, key);
    // Safetensors starts with its header's length, then "{"; a ZIP with "PK"; a pickle since Python 2.3 with its protocol.
    if (start[8] === 0x7b || start.byteLength < 9)
      return { ...(await readSafetensors(source)), key: '', otherKeys: [] };
    const isPth = (start[0] === 0x50 && start[1] === 0x4b) || start[0] === 0x80;
    if (isPth) return { ...(await readPth(source, key)), metadata: {} };
    throw invalidArgument(
      `${path} is no checkpoint: it starts with ${quoted(start)}${knownStart(start)}, and neither as safetensors nor as a .pth or .pkl (pickle protocol 2 or later) does`,
    );
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

async function fileOfFolder(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort();
  const usual = FOLDER_FILES.find((name) => names.includes(name));
  const weights = names.filter((name) => WEIGHTS.test(name));
  const name = usual ?? (weights.length === 1 ? weights[0] : undefined);
  if (name !== undefined) return join(folder, name);
  throw invalidArgument(
    weights.length === 0
      ? `${folder} has no ${FOLDER_FILES.join(', ')} nor any other file of weights`
      : `${folder} has several files of weights: ${weights.join(', ')}; name one`,
  );
}

/** Weights in several files beside an index, whose `weight_map` names each tensor's file. */
async function readShards(path: string, key: string | undefined): Promise<ReadCheckpoint> {
  const weightMap = weightMapOf(path, await readFile(path, 'utf8'));
  const tensors: StateDict = new Map();
  for (const file of new Set(Object.values(weightMap))) {
    if (file.includes('/') || file.includes('\\') || file === '..')
      throw invalidArgument(`${path}: weight_map names ${JSON.stringify(file)}, which is not beside it`);
    const shard = await readCheckpoint(join(dirname(path), file), key);
    for (const [name, tensor] of shard.tensors) tensors.set(name, tensor);
  }
  const missing = Object.keys(weightMap).find((name) => !tensors.has(name));
  if (missing !== undefined)
    throw invalidArgument(
      `${path}: tensor ${missing} is not in ${weightMap[missing]}, which weight_map names`,
    );
  return { tensors, metadata: {}, key: '', otherKeys: [] };
}

function weightMapOf(path: string, text: string): Record<string, string> {
  let index: { weight_map?: unknown } | null;
  try {
    index = JSON.parse(text) as { weight_map?: unknown } | null;
  } catch (cause) {
    throw invalidArgument(`${path} starts like JSON and is none: ${errorMessage(cause)}`, { cause });
  }
  const map = index?.weight_map;
  const isMap =
    typeof map === 'object' && map !== null && Object.values(map).every((file) => typeof file === 'string');
  if (!isMap) throw invalidArgument(`${path} is JSON without a weight_map of file names: no index of shards`);
  return map as Record<string, string>;
}

/** What downloads leave behind instead of the weights. */
function knownStart(start: Uint8Array): string {
  const text = Buffer.from(start).toString('latin1');
  if (text.startsWith('version ')) return ' (a Git LFS pointer: the weights themselves were not fetched)';
  return text.startsWith('<') ? ' (a page: a download that was answered by one)' : '';
}

function quoted(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1'));
}
