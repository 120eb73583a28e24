import type { Xyxy } from '@cassl/vision';

/** (Δx / w, Δy / h, log w' / w, log h' / h) of a box from its anchor, all weights 1. */
export function boxDeltas(anchor: Xyxy, box: Xyxy): [number, number, number, number] {
  const [width, height] = [anchor[2] - anchor[0], anchor[3] - anchor[1]];
  return [
    (box[0] + box[2] - anchor[0] - anchor[2]) / 2 / width,
    (box[1] + box[3] - anchor[1] - anchor[3]) / 2 / height,
    Math.log((box[2] - box[0]) / width),
    Math.log((box[3] - box[1]) / height),
  ];
}
