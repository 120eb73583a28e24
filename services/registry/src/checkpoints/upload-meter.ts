import { createHash } from 'node:crypto';
import { bytesSource, readSafetensorsHeader, type SafetensorsHeader } from '@cassl/checkpoints';
import { invalidArgument, resourceExhausted } from '@cassl/errors';

const PREFIX_BYTES = 8;
/** What huggingface_hub reads at most is 25 MB; a header waits in memory until it is whole. */
const MAX_HEADER_BYTES = 32 * 2 ** 20;

export interface UploadFacts {
  readonly tensorCount: number;
  readonly parameterCount: number;
}

/** Sees every byte of an upload once, in order: hashes them, and checks the header as soon as it is whole. */
export class UploadMeter {
  receivedBytes = 0;
  readonly #digest: string;
  readonly #sizeBytes: number;
  readonly #hash = createHash('sha256');
  #head: Uint8Array[] = [];
  #headBytes = 0;
  #needed = PREFIX_BYTES;
  #facts: UploadFacts | undefined;

  constructor(digest: string, sizeBytes: number) {
    this.#digest = digest;
    this.#sizeBytes = sizeBytes;
  }

  /** @throws INVALID_ARGUMENT as soon as the bytes cannot become a safetensors file of the announced size */
  async update(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.receivedBytes += chunk.byteLength;
    if (this.#facts === undefined) await this.#collect(chunk);
  }

  /** @throws INVALID_ARGUMENT when the bytes are not those announced */
  finish(): UploadFacts {
    const actual = this.#hash.digest('hex');
    if (actual !== this.#digest)
      throw invalidArgument(`the upload's digest is ${actual}, but ${this.#digest} was announced`);
    if (this.#facts === undefined)
      throw invalidArgument('the upload ends before its safetensors header does');
    return this.#facts;
  }

  async #collect(chunk: Uint8Array): Promise<void> {
    // A copy: the chunk's memory may be used again.
    this.#head.push(Uint8Array.from(chunk));
    this.#headBytes += chunk.byteLength;
    if (this.#headBytes < this.#needed) return;
    const bytes = new Uint8Array(Buffer.concat(this.#head));
    this.#head = [bytes];
    this.#needed = this.#headerEnd(bytes);
    if (this.#headBytes < this.#needed) return;
    const source = { ...bytesSource(bytes, 'the upload'), sizeBytes: this.#sizeBytes };
    this.#facts = factsOf(await readSafetensorsHeader(source));
    this.#head = [];
  }

  /** Where a header that reaches beyond the file ends is for the reader itself to refuse. */
  #headerEnd(bytes: Uint8Array): number {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    if (PREFIX_BYTES + length > this.#sizeBytes) return PREFIX_BYTES;
    if (length > MAX_HEADER_BYTES)
      throw resourceExhausted(
        `a safetensors header may be ${MAX_HEADER_BYTES} bytes long here, got ${length}`,
      );
    return PREFIX_BYTES + length;
  }
}

function factsOf({ tensors }: SafetensorsHeader): UploadFacts {
  const all = [...tensors.values()];
  return {
    tensorCount: all.length,
    parameterCount: all.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}
