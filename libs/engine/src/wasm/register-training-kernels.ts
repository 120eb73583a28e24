import { registerChunkedSum } from './kernels/chunked-sum.ts';
import { registerConvolutionGradients } from './kernels/convolution-gradients.ts';
import { registerDepthwiseGradients } from './kernels/depthwise-gradients.ts';
import { registerGather } from './kernels/gather.ts';
import { registerIdentity } from './kernels/identity.ts';
import { registerMatMul } from './kernels/mat-mul.ts';
import { registerMaxPoolGradient } from './kernels/max-pool-gradient.ts';
import { registerSlice } from './kernels/slice.ts';
import { registerSplit } from './kernels/split.ts';
import { registerUnsortedSegmentSum } from './kernels/unsorted-segment-sum.ts';

let registered = false;

/** What training needs and the package lacks, has slowly, or has inexactly. */
export function registerTrainingKernels(): void {
  if (registered) return;
  registerChunkedSum();
  registerConvolutionGradients();
  registerDepthwiseGradients();
  registerGather();
  registerIdentity();
  registerMatMul();
  registerMaxPoolGradient();
  registerSlice();
  registerSplit();
  registerUnsortedSegmentSum();
  registered = true;
}
