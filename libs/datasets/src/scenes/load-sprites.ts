import { join, dirname } from 'node:path';
import { createRequire } from 'node:module';
import sharp from 'sharp';
import { thingCategories } from './scene-categories.ts';

/** A square picture with transparency, row-major RGBA, not premultiplied. */
export interface SpriteLevel {
  readonly size: number;
  readonly data: Uint8Array;
}

/** The same picture at falling sizes, so that a small drawing needs no area filter. */
export type Sprite = readonly SpriteLevel[];

const levelSizes = [128, 64, 32, 16];
// Twemoji's view box is 36 units; at 72 dpi one unit is one pixel.
const unitsPerSide = 36;

let loaded: Promise<readonly Sprite[]> | undefined;

/** One sprite per thing category, in their order; rasterised once per process. */
export function loadSprites(): Promise<readonly Sprite[]> {
  loaded ??= Promise.all(thingCategories.map((category) => rasterise(category.picture)));
  return loaded;
}

async function rasterise(picture: string): Promise<Sprite> {
  const folder = dirname(createRequire(import.meta.url).resolve('@twemoji/svg/package.json'));
  const path = join(folder, `${picture}.svg`);
  return Promise.all(
    levelSizes.map(async (size) => {
      const data = await sharp(path, { density: (72 * size) / unitsPerSide })
        .resize(size, size)
        .ensureAlpha()
        .raw()
        .toBuffer();
      return { size, data: new Uint8Array(data) };
    }),
  );
}
