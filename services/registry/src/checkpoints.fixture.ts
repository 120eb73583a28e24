import { createHash } from 'node:crypto';
import { encodeSafetensors, float32Tensor } from '@cassl/checkpoints';
import { Manifest, type PublishCheckpointRequest } from '@cassl/proto';
import { publishCheckpoint, type Published } from './checkpoints/publish-checkpoint.ts';
import type { Registry } from './registry.ts';

export const NEVER: AbortSignal = new AbortController().signal;

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A small valid checkpoint, different for every seed. */
export function checkpointFile(seed: number, length = 1_000): Uint8Array {
  return encodeSafetensors(new Map([['a', float32Tensor([length], new Float32Array(length).fill(seed))]]));
}

export async function* uploadOf(
  bytes: Uint8Array,
  options: {
    readonly manifest?: Partial<Manifest>;
    readonly offset?: number;
    readonly sizeBytes?: number;
    readonly digest?: string;
  } = {},
): AsyncGenerator<PublishCheckpointRequest> {
  const { offset = 0, sizeBytes = bytes.length, digest = digestOf(bytes) } = options;
  const manifest = Manifest.fromPartial(options.manifest ?? {});
  yield await Promise.resolve({ part: { $case: 'start', value: { digest, sizeBytes, offset, manifest } } });
  for (let start = offset; start < bytes.length; start += 2 ** 20)
    yield { part: { $case: 'chunk', value: Buffer.from(bytes.subarray(start, start + 2 ** 20)) } };
}

export function publish(
  registry: Registry,
  bytes: Uint8Array,
  manifest: Partial<Manifest> = {},
): Promise<Published> {
  return publishCheckpoint(registry, uploadOf(bytes, { manifest }), NEVER);
}
