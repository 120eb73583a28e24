import { BinaryReader } from '@bufbuild/protobuf/wire';

/**
 * Reads a message that may hold so many messages, texts, byte strings and 64-bit numbers: two bytes on the wire become two hundred of
 * memory where they are an empty message, so that the limit on a message's bytes bounds neither memory nor time.
 */
export class CountingReader extends BinaryReader {
  readonly #most: number;
  #count = 0;
  #depth = 0;

  constructor(bytes: Uint8Array, most: number) {
    super(bytes);
    this.#most = most;
  }

  /** Where the generated code keeps how deep it is: written when a message begins, and when it ends. */
  get __tsProtoDecodeDepth(): number {
    return this.#depth;
  }

  set __tsProtoDecodeDepth(depth: number) {
    if (depth > this.#depth) this.#countOne();
    this.#depth = depth;
  }

  /** Of a text too: it is read as bytes first. */
  override bytes(): Uint8Array {
    this.#countOne();
    return super.bytes();
  }

  override int64(): bigint | string {
    this.#countOne();
    return super.int64();
  }

  override uint64(): bigint | string {
    this.#countOne();
    return super.uint64();
  }

  #countOne(): void {
    this.#count += 1;
    if (this.#count > this.#most)
      throw new RangeError(
        `it must hold at most ${this.#most} messages, texts and byte strings, and holds more`,
      );
  }
}
