import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pieceContent, type FilePiece } from '../file-piece.ts';
import { tarPieces } from './tar.ts';

export interface OciImage {
  /** A file on disk; it becomes `/models/{name}`, in a layer of its own that follows from its bytes alone. */
  readonly weights: { readonly name: string; readonly file: string };
  /** Small files beside it, by name. */
  readonly texts: ReadonlyMap<string, Uint8Array>;
  /** What tools find the image by: `oci:FOLDER:TAG`. */
  readonly tag: string;
  readonly created: Date;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image';
/** Weights are for every processor: tools that look for their own find it. */
const ARCHITECTURES = ['amd64', 'arm64'] as const;

/**
 * Writes an image as a folder in the OCI image layout (image-spec 1.1), `index.json` last: a folder without it is not finished.
 * @returns digest of the image's index, and the bytes of all blobs
 */
export async function writeOciLayout(
  folder: string,
  image: OciImage,
): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  await rm(join(folder, 'index.json'), { force: true });
  const layers = [await weightsLayer(blobs, image), await textsLayer(blobs, image)];
  const manifests = await Promise.all(
    ARCHITECTURES.map((architecture) => writeManifest(blobs, image, layers, architecture)),
  );
  const index = {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: manifests.map(({ described }) => described),
  };
  const described = await writeJson(blobs, `${OCI}.index.v1+json`, {
    ...index,
    annotations: image.annotations,
  });
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': image.tag };
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.index.v1+json`,
      manifests: [{ ...described, annotations }],
    }),
  );
  const all = [
    ...layers,
    described,
    ...manifests.flatMap(({ config, described: manifest }) => [config, manifest]),
  ];
  return { digest: described.digest, sizeBytes: all.reduce((sum, { size }) => sum + size, 0) };
}

async function weightsLayer(blobs: string, { weights: { name, file } }: OciImage): Promise<Descriptor> {
  const { size } = await stat(file);
  const stored = { dtype: 'U8', shape: [size], origin: { start: 0, end: size } } as const;
  const pieces = tarPieces([{ path: 'models/' }, { path: `models/${name}`, content: [stored] }]);
  return writeBlob(blobs, `${OCI}.layer.v1.tar`, contentOf(pieces, file));
}

function textsLayer(blobs: string, { texts }: OciImage): Promise<Descriptor> {
  const entries = [...texts].map(([name, bytes]) => ({ path: `models/${name}`, content: [bytes] }));
  const pieces = tarPieces([{ path: 'models/' }, ...entries]);
  return writeBlob(blobs, `${OCI}.layer.v1.tar`, contentOf(pieces, ''));
}

/** Pieces that are a file's stretch are read from it. */
async function* contentOf(pieces: readonly FilePiece[], file: string): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array || piece.origin instanceof Uint8Array) yield pieceContent(piece);
    else yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  }
}

async function writeManifest(
  blobs: string,
  { created, annotations }: OciImage,
  layers: readonly Descriptor[],
  architecture: (typeof ARCHITECTURES)[number],
): Promise<{ config: Descriptor; described: Descriptor & { readonly platform: object } }> {
  const at = created.toISOString();
  const config = await writeJson(blobs, `${OCI}.config.v1+json`, {
    created: at,
    architecture,
    os: 'linux',
    config: { Labels: annotations },
    // Layers are not compressed: what is hashed here is what a tool unpacks.
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: at, created_by: 'cassl' })),
  });
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = await writeJson(blobs, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers,
    annotations,
  });
  return { config, described: { ...manifest, platform: { architecture, os: 'linux' } } };
}

function writeJson(blobs: string, mediaType: string, value: object): Promise<Descriptor> {
  return writeBlob(blobs, mediaType, [Buffer.from(JSON.stringify(value))]);
}

/** Under a name of its own until its digest is known. */
async function writeBlob(
  blobs: string,
  mediaType: string,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Descriptor> {
  const temporary = join(blobs, `.${process.pid}.${performance.now()}.part`);
  const hash = createHash('sha256');
  let size = 0;
  try {
    const file = await open(temporary, 'wx');
    try {
      for await (const chunk of content) {
        hash.update(chunk);
        size += chunk.byteLength;
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const hex = hash.digest('hex');
    await rename(temporary, join(blobs, hex));
    return { mediaType, digest: `sha256:${hex}`, size };
  } finally {
    await rm(temporary, { force: true });
  }
}
