/** Anchors of RetinaNet (Lin et al. 2017, https://arxiv.org/abs/1708.02002, section 4.1; method 2.10). */
import type { DetectorConfig } from '../config.ts';
import type { Level, MapSize } from '../pyramid.ts';

/** Height over width. */
const RATIOS = [0.5, 1, 2];
const OCTAVES = 3;

export const ANCHORS_PER_CELL = RATIOS.length * OCTAVES;

/** [9 × 4] x1, y1, x2, y2 around a cell's corner (0, 0): ratio by ratio, in each the three sizes, as torchvision and mmdetection order them. */
export function cellAnchors(
  { anchorScale }: Pick<DetectorConfig, 'anchorScale'>,
  stride: number,
): Float32Array {
  const anchors = RATIOS.flatMap((ratio) =>
    Array.from({ length: OCTAVES }, (_, octave) => {
      const size = anchorScale * stride * 2 ** (octave / OCTAVES);
      const [width, height] = [size / Math.sqrt(ratio), size * Math.sqrt(ratio)];
      return [-width / 2, -height / 2, width / 2, height / 2];
    }),
  );
  return Float32Array.from(anchors.flat());
}

/** [H · W · 9 × 4] of one image's level in row, column, anchor order; cell (i, j) stands at (j s, i s), without FCOS's half stride. */
export function levelAnchors(
  config: Pick<DetectorConfig, 'anchorScale'>,
  { stride }: Pick<Level, 'stride'>,
  { height, width }: MapSize,
): Float32Array {
  const around = cellAnchors(config, stride);
  const anchors = new Float32Array(height * width * around.length);
  for (let at = 0, row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let side = 0; side < around.length; side++, at++) {
        anchors[at] = around[side]! + stride * (side % 2 === 0 ? column : row);
      }
    }
  }
  return anchors;
}
