/** 8-bit red, green, blue. */
export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Colours that stay apart from each other and from photographs: hues a golden angle apart in OKLCh at one lightness and
 * chroma, so that no instance shouts louder than another (https://bottosson.github.io/posts/oklab/).
 */
export function instanceColour(index: number): Colour {
  const hue = ((25 + index * 137.508) * Math.PI) / 180;
  const lightness = [0.72, 0.64, 0.8][index % 3]!;
  return oklchToRgb(lightness, 0.17, hue);
}

/** Black or white, whichever is easier to read on the colour (WCAG relative luminance). */
export function inkOn(colour: Colour): Colour {
  const [r, g, b] = colour.map((value) => linear(value / 255));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b! > 0.3 ? [17, 17, 17] : [255, 255, 255];
}

/** `#rrggbb`. */
export function toHex(colour: Colour): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function oklchToRgb(lightness: number, chroma: number, hue: number): Colour {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function gamma(value: number): number {
  const clipped = Math.min(Math.max(value, 0), 1);
  return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}
