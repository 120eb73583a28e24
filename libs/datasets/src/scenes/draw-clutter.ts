import type { Random } from '../random.ts';
import { blendPixel, type Canvas } from './canvas.ts';
import { hsv } from './color.ts';

/**
 * Draws one unlabeled thing-like shape over the background: an ellipse, a box or a bar with a second colour inside.
 * Clutter belongs to the stuff region under it; it is what an objectness score must learn to refuse.
 */
export function drawClutter(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  const centerX = random.uniform(0, size);
  const centerY = random.uniform(0, size);
  const radius = size * random.logUniform(0.03, 0.16);
  const thin = random.chance(0.4) ? random.uniform(0.12, 0.35) : random.uniform(0.6, 1);
  const angle = random.uniform(0, 2 * Math.PI);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const power = random.chance(0.5) ? 2 : 6; // the exponent of a superellipse: 2 is round, 6 nearly a box
  const outer = hsv(random.next(), random.uniform(0.1, 0.9), random.uniform(0.2, 1));
  const inner = hsv(random.next(), random.uniform(0.1, 0.9), random.uniform(0.2, 1));
  const core = random.chance(0.5) ? random.uniform(0.3, 0.8) : 0;
  const alpha = random.uniform(0.5, 1);
  const reach = Math.ceil(radius * 1.5);
  for (let y = Math.max(0, Math.floor(centerY - reach)); y < Math.min(size, centerY + reach); y++) {
    for (let x = Math.max(0, Math.floor(centerX - reach)); x < Math.min(size, centerX + reach); x++) {
      const dx = x + 0.5 - centerX;
      const dy = y + 0.5 - centerY;
      const u = Math.abs(dx * cos + dy * sin) / radius;
      const v = Math.abs(dy * cos - dx * sin) / (radius * thin);
      const distance = u ** power + v ** power;
      if (distance > 1) continue;
      blendPixel(canvas, y * size + x, distance < core ** power ? inner : outer, alpha);
    }
  }
}
