import type { FilePiece } from '../file-piece.ts';
import type { LazyState, LazyTensor } from '../lazy-tensor.ts';
import type { Framework } from '../names/frameworks.ts';
import { pklPieces } from '../pth/pkl-pieces.ts';
import type { PthOptions } from '../pth/write.ts';
import { pthPieces } from '../pth/write.ts';
import { safetensorsPieces } from '../safetensors/write.ts';

export const CONTAINERS = ['safetensors', 'pth', 'pkl'] as const;
export type Container = (typeof CONTAINERS)[number];

/** What the framework's own loader opens: mmengine, detectron2 and torchvision read pickles, detectron2 Caffe2's names only in a `.pkl`. */
export function defaultContainer(framework: Framework): Container {
  switch (framework) {
    case 'cassl':
    case 'timm':
    case 'transformers':
      return 'safetensors';
    case 'msra':
      return 'pkl';
    default:
      return 'pth';
  }
}

/**
 * The plan of a whole file.
 * @param checksum CRC-32 of a tensor's bytes; asked for a `.pth` alone
 */
export function containerPieces(
  container: Container,
  framework: Framework,
  tensors: LazyState,
  checksum: (tensor: LazyTensor, name: string) => number,
): FilePiece[] {
  switch (container) {
    case 'safetensors':
      return safetensorsPieces(tensors, { format: 'pt' });
    case 'pth':
      return pthPieces(tensors, checksum, wrapping(framework));
    case 'pkl':
      return pklPieces(tensors, author(framework));
  }
}

/** detectron2 translates Caffe2's names only where this says so. */
function author(framework: Framework): string {
  return framework === 'msra' ? 'Caffe2' : 'cassl';
}

function wrapping(framework: Framework): PthOptions {
  switch (framework) {
    // The official Swin code looks for the weights under this key.
    case 'swin':
      return { wrap: 'model' };
    // A backbone alone has no "backbone.bottom_up." in its names: detectron2 then matches by the longest suffix.
    case 'detectron2':
    case 'msra':
      return { wrap: 'model', beside: { __author__: author(framework), matching_heuristics: true } };
    default:
      return {};
  }
}
