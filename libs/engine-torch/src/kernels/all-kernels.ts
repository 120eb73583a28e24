import type { TorchBackend } from '../torch-backend.ts';
import { complexKernels } from './complex.ts';
import { convolutionKernels } from './convolution.ts';
import { creationKernels } from './creation.ts';
import { elementwiseKernels } from './elementwise.ts';
import { fusedKernels } from './fused.ts';
import { indexingKernels } from './indexing.ts';
import type { KernelTable } from './kernel-table.ts';
import { matmulKernels } from './matmul.ts';
import { normalizationKernels } from './normalization.ts';
import { poolingKernels } from './pooling.ts';
import { reductionKernels } from './reduction.ts';
import { resizeKernels } from './resize.ts';
import { shapeKernels } from './shape.ts';
import { suppressionKernels } from './suppression.ts';

const families = [
  elementwiseKernels,
  reductionKernels,
  matmulKernels,
  convolutionKernels,
  poolingKernels,
  normalizationKernels,
  shapeKernels,
  creationKernels,
  indexingKernels,
  resizeKernels,
  suppressionKernels,
  complexKernels,
  fusedKernels,
];

/** Every native kernel of a backend, by tfjs name. */
export function allKernels(torch: TorchBackend): KernelTable {
  return Object.assign({}, ...families.map((family) => family(torch))) as KernelTable;
}
