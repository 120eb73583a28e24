import { BinaryReader } from '@bufbuild/protobuf/wire';

/**
 * Reads a message that may hold so many messages, texts, byte strings and 64-bit numbers: two bytes on the wire become two hundred of
 * memory where they are an empty message, so that the limit on a message's bytes bounds neither memory nor time.
 */
export class CountingReader extends BinaryReader {
  readonly #most: number;
  #count = 0;
  #depth = 0;
  /** The fields that the messages around the one that is read are. */
  readonly #around: number[] = [];
  /** The last two of what may be a tag or a length. */
  #last = 0;
  #lastButOne = 0;
  #unsafe: readonly (readonly number[])[] = [];

  constructor(bytes: Uint8Array, most: number) {
    super(bytes);
    this.#most = most;
    // The library has it as a property.
    const read = this.uint32;
    this.uint32 = () => {
      this.#lastButOne = this.#last;
      this.#last = read.call(this);
      return this.#last;
    };
  }

  /** Where the generated code keeps how deep it is: written when a message begins, and when it ends. */
  get __tsProtoDecodeDepth(): number {
    return this.#depth;
  }

  set __tsProtoDecodeDepth(depth: number) {
    if (depth > this.#depth) {
      // A message begins behind its tag and its length; the request itself has neither.
      this.#around.push(this.#lastButOne >>> 3);
      this.#countOne();
    } else {
      this.#around.pop();
    }
    this.#depth = depth;
  }

  /**
   * Where the last number was that JavaScript's numbers do not hold, as the numbers of the fields that lead to it: the way if its
   * field has a tag of its own, then the way if it is packed with others.
   */
  get unsafePlaces(): readonly (readonly number[])[] {
    return this.#unsafe;
  }

  /** Of a text too: it is read as bytes first. */
  override bytes(): Uint8Array {
    this.#countOne();
    return super.bytes();
  }

  override int64(): bigint | string {
    this.#countOne();
    return this.#noted(super.int64());
  }

  override uint64(): bigint | string {
    this.#countOne();
    return this.#noted(super.uint64());
  }

  #noted(value: bigint | string): bigint | string {
    if (!Number.isSafeInteger(Number(value))) {
      const around = this.#around.slice(1);
      this.#unsafe = [this.#last, this.#lastButOne].map((tag) => [...around, tag >>> 3]);
    }
    return value;
  }

  #countOne(): void {
    this.#count += 1;
    if (this.#count > this.#most)
      throw new RangeError(
        `it must hold at most ${this.#most} messages, texts, byte strings and 64-bit numbers, and holds more`,
      );
  }
}
