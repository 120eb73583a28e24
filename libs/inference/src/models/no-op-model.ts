import type { BatchModel } from './batch-model.ts';

/** Of its input: larger pictures are shrunk to it, as a detector's are, and smaller ones are not enlarged. */
const SIDE = 512;

/** Finds one box, the whole of each image, and computes nothing: what is measured with it is the runtime. */
export function createNoOpModel(): BatchModel {
  return {
    fit: ({ width, height }) => {
      const scale = Math.min(1, SIDE / Math.max(width, height));
      const side = (length: number): number => Math.max(1, Math.round(length * scale));
      return {
        resized: { width: side(width), height: side(height) },
        padded: { width: SIDE, height: SIDE },
      };
    },
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
