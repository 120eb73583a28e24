import { blendPixel, type Canvas } from './canvas.ts';
import type { ColorMatrix, Rgb } from './color.ts';
import type { Sprite, SpriteLevel } from './load-sprites.ts';

/** Where and how a picture is drawn; pixels of the canvas. */
export interface Placement {
  readonly centerX: number;
  readonly centerY: number;
  /** Side of the picture's square before rotation. */
  readonly side: number;
  /** Radians, clockwise in image coordinates. */
  readonly angle: number;
  /** Width over height factor: the square is stretched by sqrt(aspect) and 1/sqrt(aspect). */
  readonly aspect: number;
  readonly mirrored: boolean;
}

export interface Look {
  readonly matrix: ColorMatrix;
  readonly gain: number;
  /** Colour that the picture fades towards (haze, camouflage) and how far, 0..1. */
  readonly haze: Rgb;
  readonly hazeAmount: number;
}

/** Called for every covered pixel with its index, its colour and its opacity (0..1]. */
type VisitPixel = (pixel: number, red: number, green: number, blue: number, alpha: number) => void;

/** Pixels that the picture covers with opacity of at least one half: its silhouette. */
export function silhouette(size: number, sprite: Sprite, placement: Placement): Int32Array {
  const pixels: number[] = [];
  visitSprite(size, sprite, placement, (pixel, _red, _green, _blue, alpha) => {
    if (alpha >= 0.5) pixels.push(pixel);
  });
  return Int32Array.from(pixels);
}

export function drawSprite(canvas: Canvas, sprite: Sprite, placement: Placement, look: Look): void {
  const { matrix: m, gain, haze, hazeAmount } = look;
  visitSprite(canvas.size, sprite, placement, (pixel, red, green, blue, alpha) => {
    const channel = (row: number): number => {
      const value = gain * (m[row * 3]! * red + m[row * 3 + 1]! * green + m[row * 3 + 2]! * blue);
      const clipped = value < 0 ? 0 : value > 255 ? 255 : value;
      return clipped + (haze[row]! - clipped) * hazeAmount;
    };
    blendPixel(canvas, pixel, [channel(0), channel(1), channel(2)], alpha);
  });
}

/** Walks the canvas pixels under the picture and samples it bilinearly (inverse mapping at pixel centres). */
function visitSprite(size: number, sprite: Sprite, placement: Placement, visit: VisitPixel): void {
  const { centerX, centerY, side, aspect } = placement;
  const level = levelFor(sprite, side);
  const width = side * Math.sqrt(aspect) * (placement.mirrored ? -1 : 1);
  const height = side / Math.sqrt(aspect);
  const cos = Math.cos(placement.angle);
  const sin = Math.sin(placement.angle);
  const reach = Math.hypot(width, height) / 2;
  const sample = new Float32Array(4);
  for (let y = Math.max(0, Math.floor(centerY - reach)); y < Math.min(size, centerY + reach); y++) {
    for (let x = Math.max(0, Math.floor(centerX - reach)); x < Math.min(size, centerX + reach); x++) {
      const dx = x + 0.5 - centerX;
      const dy = y + 0.5 - centerY;
      const u = ((dx * cos + dy * sin) / width + 0.5) * level.size - 0.5;
      const v = ((dy * cos - dx * sin) / height + 0.5) * level.size - 0.5;
      if (!sampleBilinear(level, u, v, sample)) continue;
      visit(y * size + x, sample[0]!, sample[1]!, sample[2]!, sample[3]! / 255);
    }
  }
}

/** The smallest level that still has a texel per canvas pixel. */
function levelFor(sprite: Sprite, side: number): SpriteLevel {
  return sprite.findLast((level) => level.size >= side) ?? sprite[0]!;
}

/** Colours weighted by opacity, so that a transparent neighbour's colour does not leak in; false where transparent. */
function sampleBilinear(level: SpriteLevel, u: number, v: number, out: Float32Array): boolean {
  const left = Math.floor(u);
  const top = Math.floor(v);
  out.fill(0);
  for (let corner = 0; corner < 4; corner++) {
    const x = left + (corner & 1);
    const y = top + (corner >> 1);
    if (x < 0 || y < 0 || x >= level.size || y >= level.size) continue;
    const at = (y * level.size + x) * 4;
    const weight = Math.abs(1 - (corner & 1) - (u - left)) * Math.abs(1 - (corner >> 1) - (v - top));
    const alpha = weight * level.data[at + 3]!;
    for (let channel = 0; channel < 3; channel++) out[channel]! += alpha * level.data[at + channel]!;
    out[3]! += alpha;
  }
  if (out[3]! < 1) return false;
  for (let channel = 0; channel < 3; channel++) out[channel]! /= out[3]!;
  return true;
}
