import { invalidArgument } from '@cassl/errors';

/** An input as it came, whatever the protocol's form. */
export interface InputTensor {
  readonly name: string;
  readonly datatype: string;
  /** Numbers of strangers: unchecked, and as text where they came so. */
  readonly shape: readonly (number | string)[];
  readonly content: TensorContent;
}

export type TensorContent =
  /** Little-endian, row by row; a BYTES element has its length before it, in 4 bytes. */
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'elements'; readonly elements: readonly Uint8Array[] }
  | { readonly kind: 'numbers'; readonly numbers: readonly number[] };

/** An output; text is BYTES. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: 'FP32' | 'INT32' | 'BYTES';
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | readonly string[];
}

const LENGTH_BYTES = 4;

/** The elements of a BYTES tensor. @throws INVALID_ARGUMENT naming `field` where the lengths do not fit the bytes */
export function splitElements(field: string, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + LENGTH_BYTES;
    const length = start <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (start + length > bytes.length) {
      throw invalidArgument(
        `${field}: element ${elements.length} at byte ${at} needs ${LENGTH_BYTES} + ${length} bytes, ${bytes.length - at} are left`,
      );
    }
    elements.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return elements;
}

/** An output's bytes as the protocol has them: little-endian, text with its length before it. */
export function toRawBytes({ values }: OutputTensor): Buffer {
  // Every machine that Node runs on is little-endian but s390x, where the engine is not built.
  if (values instanceof Float32Array || values instanceof Int32Array)
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat(
    values.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}
