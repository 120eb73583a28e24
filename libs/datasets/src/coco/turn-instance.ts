import { decodeMask, encodeMask, type BinaryMask, type Instance } from '@cassl/vision';

interface Frame {
  readonly width: number;
  readonly height: number;
}

/**
 * An instance of the stored picture (`stored` is its size) as one of the picture that EXIF orientation 5 to 8 makes of
 * it: 5 swaps the axes, 6 turns clockwise, 7 swaps them about the other diagonal, 8 turns counterclockwise.
 */
export function turnInstance(instance: Instance, orientation: number, stored: Frame): Instance {
  const { box, mask } = instance;
  const mirrorX = orientation === 6 || orientation === 7;
  const mirrorY = orientation === 7 || orientation === 8;
  const [left, top, right, bottom] = box;
  const [x1, x2] = mirrorX ? [stored.height - bottom, stored.height - top] : [top, bottom];
  const [y1, y2] = mirrorY ? [stored.width - right, stored.width - left] : [left, right];
  const turned: Instance = { ...instance, box: [x1, y1, x2, y2] };
  return mask === undefined
    ? turned
    : { ...turned, mask: encodeMask(turnMask(decodeMask(mask), mirrorX, mirrorY)) };
}

function turnMask({ width, height, data }: BinaryMask, mirrorX: boolean, mirrorY: boolean): BinaryMask {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const column = mirrorX ? height - 1 - y : y;
    for (let x = 0; x < width; x++) {
      const row = mirrorY ? width - 1 - x : x;
      turned[row * height + column] = data[y * width + x] ?? 0;
    }
  }
  return { width: height, height: width, data: turned };
}
