/** Turns values into the bytes that streams and buckets hold, and back. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** Throws when the bytes are not such a value. */
  decode(bytes: Uint8Array): T;
}

/** A generated protobuf message, for example `messageCodec(LabelingShard)`. */
export function messageCodec<T>(type: {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}): Codec<T> {
  return { encode: (value) => type.encode(value).finish(), decode: (bytes) => type.decode(bytes) };
}

/** JSON, checked by `parse` when it is read back, for example `(value) => schema.parse(value)`. */
export function jsonCodec<T>(parse: (value: unknown) => T = (value) => value as T): Codec<T> {
  return {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes) => parse(JSON.parse(new TextDecoder().decode(bytes))),
  };
}
