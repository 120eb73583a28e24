import { invalidArgument } from '@cassl/errors';
import { Evaluation, Manifest } from '@cassl/proto';
import { checkTags } from '@cassl/rpc';

const DIGEST = /^[0-9a-f]{64}$/;
const MAX_REASON_BYTES = 1_024;
const MAX_ACTOR_BYTES = 256;
/** Of a manifest or an evaluation: a thousand categories with their numbers fit, and a page of several stays below the 4 MiB of gRPC. */
const MAX_RECORD_BYTES = 2 ** 20;
/** Part of a key: PostgreSQL's indexes hold rows of up to 2,704 bytes. */
const MAX_ID_BYTES = 1_024;
/** Of a search: each is a condition, and PostgreSQL plans a hundred of them for seconds. */
const MAX_WANTED_TAGS = 20;

export function checkDigest(field: string, digest: string): string {
  if (DIGEST.test(digest)) return digest;
  throw invalidArgument(
    `${field} must be a sha256 of 64 lower-case hex digits, got ${JSON.stringify(digest)}`,
  );
}

export function checkReason(reason: string): string {
  const bytes = Buffer.byteLength(reason);
  if (reason.includes('\0')) throw invalidArgument('reason must not hold the character NUL');
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
  checkRecordSize('start.manifest', Manifest.encode(manifest).finish().length);
  manifest.parents.forEach((parent, index) => checkDigest(`manifest.parents[${index}]`, parent));
  for (const [index, { digest, teacher }] of manifest.data.entries()) {
    if (digest !== '') checkDigest(`manifest.data[${index}].digest`, digest);
    if (teacher !== '') checkDigest(`manifest.data[${index}].teacher`, teacher);
  }
  checkTags('manifest.tags', manifest.tags);
  return manifest;
}

/** What a search asks for. */
export function checkWantedTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  checkTags('tags', tags, MAX_WANTED_TAGS);
  return tags;
}

/** @throws INVALID_ARGUMENT for an evaluation without an id, with a metric that is no number, or too long to be kept */
export function checkEvaluation(evaluation: Evaluation | undefined): Evaluation {
  if (evaluation === undefined || evaluation.id === '') throw invalidArgument('evaluation.id must be set');
  const idBytes = Buffer.byteLength(evaluation.id);
  if (idBytes > MAX_ID_BYTES)
    throw invalidArgument(`evaluation.id must be at most ${MAX_ID_BYTES} bytes, got ${idBytes}`);
  checkRecordSize('evaluation', Evaluation.encode(evaluation).finish().length);
  for (const [name, value] of Object.entries(evaluation.metrics)) {
    if (!Number.isFinite(value)) {
      throw invalidArgument(
        `evaluation.metrics[${JSON.stringify(name)}] must be a finite number, got ${value}`,
      );
    }
  }
  return evaluation;
}

function checkRecordSize(field: string, bytes: number): void {
  if (bytes > MAX_RECORD_BYTES)
    throw invalidArgument(`${field} must be at most ${MAX_RECORD_BYTES} bytes, got ${bytes}`);
}
