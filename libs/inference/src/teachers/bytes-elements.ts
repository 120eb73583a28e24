import { invalidArgument } from '@cassl/errors';

/** Of a BYTES tensor's element, before it. */
const LENGTH_BYTES = 4;

/** The elements of a BYTES tensor. @throws INVALID_ARGUMENT naming `field` where the lengths do not fit the bytes */
export function splitElements(field: string, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + LENGTH_BYTES;
    const length = start <= bytes.length ? view.getUint32(at, true) : undefined;
    if (length === undefined || start + length > bytes.length) {
      const wanted =
        length === undefined
          ? `the ${LENGTH_BYTES} bytes of its length`
          : `${LENGTH_BYTES} + ${length} bytes`;
      throw invalidArgument(
        `${field}: element ${elements.length} at byte ${at} needs ${wanted}, ${bytes.length - at} are left`,
      );
    }
    elements.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return elements;
}

/** The bytes of a BYTES tensor: each element with its length before it, in 4 bytes. */
export function joinElements(elements: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    elements.flatMap((bytes) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}
