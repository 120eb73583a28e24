export type Rgb = readonly [red: number, green: number, blue: number];

/** Hue in turns, saturation and value in [0, 1] to 0..255 per channel. */
export function hsv(hue: number, saturation: number, value: number): Rgb {
  const sector = (hue - Math.floor(hue)) * 6;
  const channel = (offset: number): number => {
    const k = (offset + sector) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

/** A 3x3 matrix, row-major, applied to [r, g, b]. */
export type ColorMatrix = readonly number[];

/**
 * Turns the hue by `turns` and scales the saturation, keeping luminance (Rec. 601 weights; the formula of the SVG
 * `feColorMatrix` hueRotate and saturate filters).
 */
export function hueMatrix(turns: number, saturation: number): ColorMatrix {
  const cos = saturation * Math.cos(2 * Math.PI * turns);
  const sin = saturation * Math.sin(2 * Math.PI * turns);
  return [
    0.213 + cos * 0.787 - sin * 0.213,
    0.715 - cos * 0.715 - sin * 0.715,
    0.072 - cos * 0.072 + sin * 0.928,
    0.213 - cos * 0.213 + sin * 0.143,
    0.715 + cos * 0.285 + sin * 0.14,
    0.072 - cos * 0.072 - sin * 0.283,
    0.213 - cos * 0.213 - sin * 0.787,
    0.715 - cos * 0.715 + sin * 0.715,
    0.072 + cos * 0.928 + sin * 0.072,
  ];
}
