import type { Registry } from '../../registry.ts';
import type { Blob } from '../../checkpoints/open-blob.ts';
import type { DerivedServedFile } from './derived-file.ts';

export const OCTETS = 'application/octet-stream';

/** The checkpoint's file as it is stored, or its address in the object store where that can sign one. */
export function ownFile(registry: Registry, blob: Blob): DerivedServedFile {
  return {
    sizeBytes: blob.sizeBytes,
    etag: blob.digest,
    sha256: blob.digest,
    contentType: OCTETS,
    sendTo: (sink, range, signal) => blob.sendTo(sink, { ...range, signal }),
    redirect: () => signedUrl(registry, blob.digest),
  };
}

function signedUrl({ blobs }: Registry, digest: string): Promise<string | undefined> {
  return blobs.signedUrl?.(digest) ?? Promise.resolve(undefined);
}
