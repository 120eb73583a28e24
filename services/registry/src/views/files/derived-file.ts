import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { pieceBytes, type FilePiece, type LazyTensor } from '@cassl/checkpoints';
import type { Blob } from '../../checkpoints/open-blob.ts';
import { readDerived, writeDerived, type DerivedFile } from '../../checkpoints/derived-files.ts';
import type { Registry } from '../../registry.ts';
import type { ServedFile } from '../http/send-file.ts';
import { readPiece, sendPieces } from './send-pieces.ts';

/** A file that is made of a checkpoint's bytes whenever it is asked for. */
export interface Recipe {
  /** Names the file among those of the checkpoint; with another layout comes another name. */
  readonly view: string;
  readonly contentType: string;
  /** The pieces, given the CRC-32 of each tensor; asked for only where `needsChecksums`. */
  pieces(checksum: (tensor: LazyTensor, name: string) => number): FilePiece[];
  /** The tensors whose checksums the pieces hold, in their order; empty where they hold none. */
  readonly checksummed: ReadonlyMap<string, LazyTensor>;
}

export interface DerivedServedFile extends ServedFile {
  readonly sha256: string;
}

/** Two requests for a new view make it once. */
const running = new Map<string, Promise<DerivedFile>>();

/** The file, with its sha256: computed when it is first asked for, then kept in the database. */
export async function derivedFile(
  registry: Registry,
  blob: Blob,
  recipe: Recipe,
): Promise<DerivedServedFile> {
  const known =
    (await readDerived(registry, blob.digest, recipe.view)) ?? (await deriveOnce(registry, blob, recipe));
  const pieces = recipe.pieces(checksumsOf(recipe, known.layout));
  return {
    sizeBytes: known.sizeBytes,
    etag: known.sha256,
    sha256: known.sha256,
    contentType: recipe.contentType,
    sendTo: (sink, range, signal) => sendPieces(blob, pieces, range, sink, signal),
  };
}

function deriveOnce(registry: Registry, blob: Blob, recipe: Recipe): Promise<DerivedFile> {
  const key = `${blob.digest} ${recipe.view}`;
  const started = running.get(key) ?? derive(registry, blob, recipe).finally(() => running.delete(key));
  running.set(key, started);
  return started;
}

async function derive(registry: Registry, blob: Blob, recipe: Recipe): Promise<DerivedFile> {
  const layout = await checksumTensors(blob, recipe);
  const pieces = recipe.pieces(checksumsOf(recipe, layout));
  const hash = createHash('sha256');
  for (const piece of pieces) {
    for await (const chunk of readPiece(blob, piece)) hash.update(chunk);
  }
  const sizeBytes = pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0);
  const file = { digest: blob.digest, view: recipe.view, sizeBytes, sha256: hash.digest('hex'), layout };
  await writeDerived(registry, file);
  return file;
}

/** Four bytes a tensor, little-endian. */
async function checksumTensors(blob: Blob, { checksummed }: Recipe): Promise<Uint8Array> {
  const layout = Buffer.alloc(checksummed.size * 4);
  let offset = 0;
  for (const tensor of checksummed.values()) {
    let checksum = 0;
    for await (const chunk of readPiece(blob, tensor)) checksum = crc32(chunk, checksum);
    offset = layout.writeUInt32LE(checksum, offset);
  }
  return layout;
}

function checksumsOf(
  { checksummed }: Recipe,
  layout: Uint8Array,
): (tensor: LazyTensor, name: string) => number {
  const view = new DataView(layout.buffer, layout.byteOffset, layout.byteLength);
  const checksums = new Map(
    [...checksummed.keys()].map((name, index) => [name, view.getUint32(4 * index, true)]),
  );
  return (_, name) => checksums.get(name) ?? 0;
}
