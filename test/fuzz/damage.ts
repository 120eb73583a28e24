import type { Random } from './random.ts';

/** Bytes turned over, cut out, doubled, filled or cut off. */
export function damage(random: Random, bytes: Uint8Array): Buffer {
  let damaged = Buffer.from(bytes);
  // Much damage is found at the first byte; the deeper parts of a reader see what is nearly right.
  const longest = random.pick([1, 2, 8, 64]);
  for (let changes = random.pick([1, 1, 1, 2, 5]); changes > 0 && damaged.length > 1; changes--) {
    const at = random.below(damaged.length);
    const length = 1 + random.below(Math.min(longest, damaged.length - at));
    switch (random.below(5)) {
      case 0:
        damaged[at] = random.below(256);
        break;
      case 1:
        damaged = damaged.subarray(0, at);
        break;
      case 2:
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + length)]);
        break;
      case 3:
        damaged = Buffer.concat([damaged.subarray(0, at + length), damaged.subarray(at)]);
        break;
      default:
        damaged.fill(random.pick([0, 0x20, 0x39, 0x7f, 0xff]), at, at + length);
    }
  }
  return damaged;
}
