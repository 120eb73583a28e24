/** Values to pixels, with round numbers to write beside the axis. */
export interface Scale {
  readonly toPixel: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Covers [min, max], widened to round numbers. */
export function niceScale(
  [min, max]: readonly [number, number],
  [from, to]: readonly [number, number],
  tickCount = 5,
): Scale {
  const span = max > min ? max - min : Math.abs(max) || 1;
  const step = niceStep(span / tickCount);
  const low = Math.floor(min / step + 1e-9) * step;
  const high = Math.max(low + step, Math.ceil(max / step - 1e-9) * step);
  const count = Math.round((high - low) / step);
  return {
    toPixel: (value) => from + ((value - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: count + 1 }, (_, index) => low + index * step),
  };
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `raw`. */
function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= raw * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A number as short as it can be told: 0.25, 1200 → "1.2k", 0.0008 → "8e-4". */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1000) return `${Number((value / 1000).toPrecision(3))}k`;
  const rounded = Number(value.toPrecision(3));
  return size > 0 && size < 0.01 ? rounded.toExponential() : String(rounded);
}
