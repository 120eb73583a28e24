import { createHash } from 'node:crypto';
import { dataLoss, invalidArgument } from '@cassl/errors';
import type { Body } from './object-store.ts';

/**
 * Checks the form of a digest.
 * @returns its 64 hex digits
 * @throws INVALID_ARGUMENT unless it is `sha256:` and 64 lower-case hex digits
 */
export function digestHex(digest: string): string {
  const match = /^sha256:([0-9a-f]{64})$/.exec(digest);
  if (match?.[1] === undefined) {
    throw invalidArgument(
      `digest must be "sha256:" and 64 lower-case hex digits, got ${JSON.stringify(digest)}`,
    );
  }
  return match[1];
}

/** `sha256:<hex>` of bytes or of a stream. */
export async function sha256(body: Body): Promise<string> {
  const meter = new DigestMeter();
  for await (const _ of meter.through(body)) continue;
  return meter.digest();
}

/** Counts and hashes what passes through it. */
export class DigestMeter {
  sizeBytes = 0;
  readonly #hash = createHash('sha256');

  async *through(body: Body, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      signal?.throwIfAborted();
      this.#hash.update(chunk);
      this.sizeBytes += chunk.byteLength;
      yield chunk;
    }
  }

  /** Callable once, after the stream has ended. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

/** Passes a stored object through and throws DATA_LOSS at its end when the content is not what its digest says. */
export async function* verified(body: Body, digest: string): AsyncGenerator<Uint8Array> {
  digestHex(digest);
  const meter = new DigestMeter();
  yield* meter.through(body);
  const actual = meter.digest();
  if (actual !== digest) throw dataLoss(`stored object ${digest} has the content of ${actual}`);
}

/** @throws INVALID_ARGUMENT when an upload is not what its sender announced */
export function checkDigest(actual: string, expected: string | undefined, what: string): void {
  if (expected === undefined || actual === expected) return;
  throw invalidArgument(`${what}: the content's digest is ${actual}, but ${expected} was announced`);
}
