import type { BatchModel } from './batch-model.ts';

const SIDE = 32;

/** Finds one box, the whole of each image, and computes nothing: what is measured with it is the runtime. */
export function createNoOpModel(): BatchModel {
  return {
    fit: () => ({ resized: { width: SIDE, height: SIDE }, padded: { width: SIDE, height: SIDE } }),
    detect: (images) =>
      Promise.resolve({
        detections: images.map(({ original: { width, height } }) => [
          { box: [0, 0, width, height] as const, score: 1, category: 0 },
        ]),
        computeMs: 0,
        outputMs: 0,
      }),
    warmUp: () => Promise.resolve(),
    dispose: () => undefined,
    config: undefined,
    engine: 'none',
  };
}
