import { joinElements } from '@cassl/inference/bytes-elements';

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

/** An output's bytes as the protocol has them: little-endian, text with its length before it. */
export function toRawBytes({ values }: OutputTensor): Buffer {
  // Every machine that Node runs on is little-endian but s390x, where the engine is not built.
  if (values instanceof Float32Array || values instanceof Int32Array)
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return joinElements(values.map((text) => Buffer.from(text, 'utf8')));
}
