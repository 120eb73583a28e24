import { failedPrecondition } from '@cassl/errors';
import { joinElements, splitElements } from './bytes-elements.ts';
import { elementCount, type Tensor, type TensorValues } from './tensor-model.ts';

/** A tensor's bytes as the Open Inference Protocol sends them: little-endian, of `BYTES` each element behind its length. */
export function toRaw(values: TensorValues): Buffer {
  if (Array.isArray(values)) return joinElements(values as readonly Uint8Array[]);
  const { buffer, byteOffset, byteLength } = values as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** @throws FAILED_PRECONDITION for a datatype that nothing here reads */
export function fromRaw(name: string, datatype: string, raw: Uint8Array): TensorValues {
  // A copy: the message's bytes start anywhere, numbers at multiples of their size.
  const { buffer } = new Uint8Array(raw);
  const bytesEach = { FP32: 4, INT32: 4, INT64: 8 }[datatype] ?? 1;
  if (buffer.byteLength % bytesEach !== 0)
    throw failedPrecondition(
      `the teacher's output ${name} of ${datatype} came with ${buffer.byteLength} bytes, no multiple of ${bytesEach}`,
    );
  switch (datatype) {
    case 'FP32':
      return new Float32Array(buffer);
    case 'UINT8':
    case 'BOOL':
      return new Uint8Array(buffer);
    case 'INT32':
      return new Int32Array(buffer);
    case 'INT64':
      return new BigInt64Array(buffer);
    case 'BYTES':
      return splitElements(`the teacher's output ${name}`, raw);
    default:
      throw unreadable(name, datatype);
  }
}

/** @throws FAILED_PRECONDITION where there are more or fewer values than the shape says */
export function tensorOf(
  name: string,
  { datatype, shape: given }: { readonly datatype: string; readonly shape: readonly unknown[] },
  values: TensorValues,
): Tensor {
  const shape = given.map(Number);
  if (values.length === elementCount(shape)) return { datatype, shape, values };
  throw failedPrecondition(
    `the teacher's output ${name} of shape [${shape.join(', ')}] came with ${values.length} values`,
  );
}

export function unreadable(name: string, datatype: string): Error {
  return failedPrecondition(`the teacher's output ${name} is ${datatype}, which is not read`);
}
