import type { RgbImage } from '@cassl/vision';
import type { Random } from '../random.ts';
import type { Rgb } from './color.ts';

/** A square picture under construction: interleaved RGB, 0..255, not rounded yet. */
export interface Canvas {
  readonly size: number;
  readonly data: Float32Array;
}

export function createCanvas(size: number): Canvas {
  return { size, data: new Float32Array(size * size * 3) };
}

/** Mixes `color` into pixel index `pixel` with weight `alpha`. */
export function blendPixel(canvas: Canvas, pixel: number, color: Rgb, alpha: number): void {
  const at = pixel * 3;
  for (let channel = 0; channel < 3; channel++) {
    canvas.data[at + channel]! += (color[channel]! - canvas.data[at + channel]!) * alpha;
  }
}

export interface ExposureOptions {
  /** Multiplies the distance from mid grey. */
  readonly contrast: number;
  /** Added to every channel, 0..255 scale. */
  readonly brightness: number;
  /** Standard deviation of the sensor noise, 0..255 scale. */
  readonly noise: number;
}

/** The finished 8-bit picture. */
export function expose(canvas: Canvas, random: Random, options: ExposureOptions): RgbImage {
  const { contrast, brightness, noise } = options;
  const data = new Uint8Array(canvas.data.length);
  for (let i = 0; i < data.length; i++) {
    // Sum of three uniforms: near enough to a bell for noise, at a quarter of the cost.
    const bell = (random.next() + random.next() + random.next() - 1.5) * 2;
    const value = (canvas.data[i]! - 128) * contrast + 128 + brightness + bell * noise;
    data[i] = value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
  }
  return { width: canvas.size, height: canvas.size, data };
}
