import type { RgbImage } from '@cassl/vision';

/** A new value for each old one: 256 entries for all channels, or 768 for red, green and blue. */
type Table = Uint8Array;

function applyTable({ width, height, data }: RgbImage, table: Table): RgbImage {
  const changed = new Uint8Array(data.length);
  const green = table.length === 768 ? 256 : 0;
  for (let i = 0; i < data.length; i += 3) {
    changed[i] = table[data[i]!]!;
    changed[i + 1] = table[green + data[i + 1]!]!;
    changed[i + 2] = table[2 * green + data[i + 2]!]!;
  }
  return { width, height, data: changed };
}

/** Inverts every value from `threshold` (0..255) up: PIL's `ImageOps.solarize`. */
export function solarize(image: RgbImage, threshold: number): RgbImage {
  return applyTable(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => (value < threshold ? value : 255 - value)),
  );
}

/** Adds `addend` (-255..255) to every value below 128: the AutoAugment operator, clipped. */
export function solarizeAdd(image: RgbImage, addend: number): RgbImage {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => (value < 128 ? value + addend : value));
  return applyTable(image, new Uint8Array(table.buffer));
}

/** Keeps the highest `bits` (1..8) of every value: PIL's `ImageOps.posterize`. */
export function posterize(image: RgbImage, bits: number): RgbImage {
  const kept = 256 - (1 << (8 - bits));
  return applyTable(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => value & kept),
  );
}

/** Stretches each channel to 0..255: PIL's `ImageOps.autocontrast` without cut-off. */
export function autoContrast(image: RgbImage): RgbImage {
  return applyTable(
    image,
    perChannel(image, (histogram) => {
      const low = histogram.findIndex((count) => count > 0);
      const high = histogram.findLastIndex((count) => count > 0);
      if (high <= low) return (value) => value;
      const scale = 255 / (high - low);
      return (value) => Math.min(255, Math.max(0, Math.trunc(value * scale - low * scale)));
    }),
  );
}

/** Flattens each channel's histogram: PIL's `ImageOps.equalize`. */
export function equalize(image: RgbImage): RgbImage {
  return applyTable(
    image,
    perChannel(image, (histogram) => {
      const last = histogram.findLastIndex((count) => count > 0);
      const pixels = image.width * image.height;
      const step = Math.floor((pixels - histogram[last]!) / 255);
      if (step === 0) return (value) => value;
      let sum = Math.floor(step / 2);
      return (value) => {
        const equalized = Math.floor(sum / step);
        sum += histogram[value]!;
        return Math.min(255, equalized);
      };
    }),
  );
}

/** A 768-entry table; the function of each channel is called for 0, 1, ... 255 in this order. */
function perChannel(
  { data }: RgbImage,
  tableOf: (histogram: Uint32Array) => (value: number) => number,
): Table {
  const table = new Uint8Array(768);
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256);
    for (let i = channel; i < data.length; i += 3) histogram[data[i]!]!++;
    const map = tableOf(histogram);
    for (let value = 0; value < 256; value++) table[channel * 256 + value] = map(value);
  }
  return table;
}
