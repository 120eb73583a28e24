import { registerChunkedSum } from './kernels/chunked-sum.ts';
import { registerConvolutionGradients } from './kernels/convolution-gradients.ts';
import { registerDepthwiseGradients } from './kernels/depthwise-gradients.ts';
import { registerMatMul } from './kernels/mat-mul.ts';
import { registerUnsortedSegmentSum } from './kernels/unsorted-segment-sum.ts';

let registered = false;

/** What training needs and the package lacks, has slowly, or has inexactly. */
export function registerTrainingKernels(): void {
  if (registered) return;
  registerChunkedSum();
  registerConvolutionGradients();
  registerDepthwiseGradients();
  registerMatMul();
  registerUnsortedSegmentSum();
  registered = true;
}
