import { expect, it } from 'vitest';
import { COCO_KEYPOINT_SIGMAS, keypointOverlaps } from './keypoint-overlaps.ts';

it('measures object keypoint similarity over the labeled points', () => {
  const gtKeypoints = new Float64Array(51);
  gtKeypoints.set([50, 50, 2], 0);
  gtKeypoints.set([55, 45, 1], 3);
  gtKeypoints.set([40, 70, 2], 15);
  const dtKeypoints = gtKeypoints.slice();
  dtKeypoints[0] = 53;
  dtKeypoints[4] = 49;
  const kernel = keypointOverlaps(
    { dtKeypoints, gtKeypoints, gtBoxes: new Float64Array(4), gtAreas: Float64Array.of(3000) },
    COCO_KEYPOINT_SIGMAS,
  );
  const target = new Float64Array(1);
  kernel(Int32Array.of(0), 1, Int32Array.of(0), 1, target);
  expect(target[0]).toBeCloseTo(0.63945964, 8); // pycocotools
});
