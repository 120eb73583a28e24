import { int64Tensor, type HostTensor, type StateDict } from '../host-tensor.ts';
import type { LazyState } from '../lazy-tensor.ts';
import type { Framework } from './frameworks.ts';

const TABLE = 'relative_position_bias_table';

/**
 * Row of the bias table for each pair of tokens of a w×w window: (dy + w - 1)·(2w - 1) + dx + w - 1 with
 * (dy, dx) = position of the query - position of the key; [w², w²], row-major.
 */
export function relativePositionIndex(window: number): Int32Array {
  const tokens = window * window;
  const span = 2 * window - 1;
  const index = new Int32Array(tokens * tokens);
  for (let query = 0; query < tokens; query++) {
    for (let key = 0; key < tokens; key++) {
      const dy = Math.floor(query / window) - Math.floor(key / window);
      const dx = (query % window) - (key % window);
      index[query * tokens + key] = (dy + window - 1) * span + dx + window - 1;
    }
  }
  return index;
}

/** Window side of a bias table [(2w - 1)², heads]. */
export function windowOfTable(table: Pick<HostTensor, 'shape'>): number {
  return (Math.sqrt(table.shape[0]!) + 1) / 2;
}

/** The index buffers that strict loading asks for: flat in torchvision, square in the official code and mmdetection. */
export function indexBuffers(exported: LazyState, framework: Framework): StateDict {
  const buffers: StateDict = new Map();
  // We, timm and transformers make them anew.
  if (framework === 'cassl' || framework === 'timm' || framework === 'transformers') return buffers;
  for (const [name, table] of exported) {
    if (!name.endsWith(TABLE)) continue;
    const window = windowOfTable(table);
    const tokens = window * window;
    const shape = framework === 'torchvision' ? [tokens * tokens] : [tokens, tokens];
    const values = BigInt64Array.from(relativePositionIndex(window), BigInt);
    buffers.set(name.replace(TABLE, 'relative_position_index'), int64Tensor(shape, values));
  }
  return buffers;
}
