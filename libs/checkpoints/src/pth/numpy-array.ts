import type { Dtype } from '../dtype.ts';
import { byteLength, type HostTensor } from '../host-tensor.ts';
import type { Buildable, Constructor } from './pickle-reader.ts';
import { pthError } from './refusal.ts';
import { isCounts } from './counts.ts';

/** numpy's type codes with one letter and the item's bytes. */
const DTYPE_OF_CODE: Readonly<Record<string, Dtype>> = {
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  b1: 'BOOL',
};

/** `numpy.dtype(code, …)`; its state holds the byte order. */
class NumpyDtype implements Buildable {
  readonly code: string;
  isBigEndian = false;

  constructor(code: string) {
    this.code = code;
  }

  setState(state: unknown): void {
    this.isBigEndian = Array.isArray(state) && state[1] === '>';
  }
}

/** An array of a pickled dict, as detectron2's model zoo has them (R-50.pkl): shape, dtype and bytes come as its state. */
export class NumpyArray implements Buildable {
  tensor: HostTensor | undefined;

  setState(state: unknown): void {
    if (!Array.isArray(state)) throw pthError('a numpy array in it has no state');
    const [, shape, type, isFortranOrder, data] = state as unknown[];
    this.tensor = toTensor({ shape, type, data, isFortranOrder: isFortranOrder === true });
  }
}

interface ArrayParts {
  readonly shape: unknown;
  readonly type: unknown;
  /** Bytes, or Python 2's string of them. */
  readonly data: unknown;
  readonly isFortranOrder: boolean;
}

function toTensor({ shape, type, data: raw, isFortranOrder }: ArrayParts): HostTensor {
  const data = typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw;
  const dtype = type instanceof NumpyDtype && !type.isBigEndian ? DTYPE_OF_CODE[type.code] : undefined;
  if (dtype === undefined || !isCounts(shape) || !(data instanceof Uint8Array) || isFortranOrder) {
    throw pthError('a numpy array in it is not plain little-endian numbers in C order');
  }
  if (byteLength(dtype, shape) !== data.byteLength) {
    throw pthError(`a numpy array in it of shape [${shape.join(', ')}] has ${data.byteLength} bytes`);
  }
  return { dtype, shape, data: new Uint8Array(data) };
}

const RECONSTRUCT: Constructor = { name: '_reconstruct', call: () => new NumpyArray() };

/** `(bytes, dtype, shape, order)`: how an array is made in protocol 5. */
const FROM_BUFFER: Constructor = {
  name: '_frombuffer',
  call: ([data, type, shape, order]) => {
    const array = new NumpyArray();
    array.tensor = toTensor({ shape, type, data, isFortranOrder: order !== 'C' });
    return array;
  },
};

/** numpy 2 moved its modules; `_codecs.encode` is how Python 3 writes bytes in protocol 2. */
export const NUMPY_GLOBALS: Readonly<Record<string, Constructor>> = {
  'numpy.core.multiarray._reconstruct': RECONSTRUCT,
  'numpy._core.multiarray._reconstruct': RECONSTRUCT,
  'numpy.core.numeric._frombuffer': FROM_BUFFER,
  'numpy._core.numeric._frombuffer': FROM_BUFFER,
  'numpy.ndarray': { name: 'ndarray', call: () => new NumpyArray() },
  'numpy.dtype': { name: 'dtype', call: ([code]) => new NumpyDtype(text(code)) },
  '_codecs.encode': { name: 'encode', call: ([bytes]) => new Uint8Array(Buffer.from(text(bytes), 'latin1')) },
};

/** Only text is taken as text: turning a file's nested lists into a string could take for ever. */
function text(value: unknown): string {
  if (typeof value !== 'string') throw pthError('a numpy array in it has no type code or bytes');
  return value;
}
