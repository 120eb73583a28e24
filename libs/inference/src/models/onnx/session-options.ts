import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';

/** As many as the process was told to use, else one for each core. */
export function onnxThreads(): number {
  return Number(process.env['OMP_NUM_THREADS']) || availableParallelism();
}

/** How every graph is run. */
export function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    // Pictures come in a few sizes: what one size needed is no plan for the next.
    enableMemPattern: false,
    // A thread that spins for work takes it from decoding, and from everybody else on the machine.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3,
  };
}

/** For people: `onnxruntime (cpu, 2 threads)`. */
export function describeOnnx(threads: number): string {
  return `onnxruntime (cpu, ${threads} thread${threads === 1 ? '' : 's'})`;
}
