import type { FoundObject } from '@cassl/inference';
import { decodeMask, rleFromString, type BinaryMask } from '@cassl/vision';

/** The pixels of a finding's mask; `undefined` where the model has none. */
export function maskPixels({ mask }: FoundObject): BinaryMask | undefined {
  return mask && decodeMask(rleFromString(mask.counts, mask.height, mask.width));
}
