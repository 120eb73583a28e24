import { invalidArgument } from '@cassl/errors';
import type { Manifest } from '@cassl/proto';

const DIGEST = /^[0-9a-f]{64}$/;
const MAX_REASON_BYTES = 1_024;
const MAX_ACTOR_BYTES = 256;

export function checkDigest(field: string, digest: string): string {
  if (DIGEST.test(digest)) return digest;
  throw invalidArgument(
    `${field} must be a sha256 of 64 lower-case hex digits, got ${JSON.stringify(digest)}`,
  );
}

export function checkReason(reason: string): string {
  const bytes = Buffer.byteLength(reason);
  if (bytes <= MAX_REASON_BYTES) return reason;
  throw invalidArgument(`reason must be at most ${MAX_REASON_BYTES} bytes, got ${bytes}`);
}

/** Who asks, in the caller's words. */
export function checkActor(actor: string): string {
  const bytes = Buffer.byteLength(actor);
  if (bytes <= MAX_ACTOR_BYTES) return actor;
  throw invalidArgument(`actor must be at most ${MAX_ACTOR_BYTES} bytes, got ${bytes}`);
}

export function checkManifest(manifest: Manifest | undefined): Manifest {
  if (manifest === undefined) throw invalidArgument('start.manifest must be set');
  manifest.parents.forEach((parent, index) => checkDigest(`manifest.parents[${index}]`, parent));
  for (const [index, { digest, teacher }] of manifest.data.entries()) {
    if (digest !== '') checkDigest(`manifest.data[${index}].digest`, digest);
    if (teacher !== '') checkDigest(`manifest.data[${index}].teacher`, teacher);
  }
  return manifest;
}
