import type { Dtype } from '../dtype.ts';
import { byteLength, type HostTensor } from '../host-tensor.ts';
import type { Buildable, Constructor } from './pickle-reader.ts';
import { pthError } from './refusal.ts';

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
    const [, shape, type, isFortranOrder, raw] = state as unknown[];
    const data = typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw;
    const dtype = type instanceof NumpyDtype && !type.isBigEndian ? DTYPE_OF_CODE[type.code] : undefined;
    if (
      dtype === undefined ||
      !Array.isArray(shape) ||
      !(data instanceof Uint8Array) ||
      isFortranOrder === true
    ) {
      throw pthError('a numpy array in it is not plain little-endian numbers in C order');
    }
    const sizes = shape as number[];
    if (byteLength(dtype, sizes) !== data.byteLength) {
      throw pthError(`a numpy array in it of shape [${sizes.join(', ')}] has ${data.byteLength} bytes`);
    }
    this.tensor = { dtype, shape: sizes, data: new Uint8Array(data) };
  }
}

const RECONSTRUCT: Constructor = { name: '_reconstruct', call: () => new NumpyArray() };

/** numpy 2 moved its module; `_codecs.encode` is how Python 3 writes bytes in protocol 2. */
export const NUMPY_GLOBALS: Readonly<Record<string, Constructor>> = {
  'numpy.core.multiarray._reconstruct': RECONSTRUCT,
  'numpy._core.multiarray._reconstruct': RECONSTRUCT,
  'numpy.ndarray': { name: 'ndarray', call: () => new NumpyArray() },
  'numpy.dtype': { name: 'dtype', call: ([code]) => new NumpyDtype(String(code)) },
  '_codecs.encode': { name: 'encode', call: ([text]) => new Uint8Array(Buffer.from(String(text), 'latin1')) },
};
