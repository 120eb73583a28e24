import { invalidArgument } from '@cassl/errors';
import { toFloat32, type StateDict } from './host-tensor.ts';

const FLOATING = new Set(['F32', 'F16', 'BF16', 'F64']);

/**
 * Refuses weights with which nothing can be computed or trained.
 * @throws INVALID_ARGUMENT naming the first tensor that holds a NaN or an infinity, and where
 */
export function checkFinite(state: StateDict): void {
  for (const [name, tensor] of state) {
    if (!FLOATING.has(tensor.dtype)) continue;
    const values = toFloat32(tensor, name);
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      throw invalidArgument(
        `tensor ${name} of shape [${tensor.shape.join(', ')}] holds ${values[index]} at element ${index}; weights must be finite`,
      );
    }
  }
}
