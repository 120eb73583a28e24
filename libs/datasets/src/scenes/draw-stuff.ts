import type { Random } from '../random.ts';
import type { Canvas } from './canvas.ts';
import { hsv, type Rgb } from './color.ts';
import { noiseTexture, type Texture } from './noise-texture.ts';
import { stuffNames, type StuffName } from './scene-categories.ts';

/** Index into `stuffNames` per pixel, row-major. */
export type StuffMap = Uint8Array;

/** Fills the whole canvas with two to four textured regions and says which pixel belongs to which. */
export function drawStuff(canvas: Canvas, random: Random): StuffMap {
  const map = layOutRegions(canvas.size, random);
  for (const [index, name] of stuffNames.entries()) {
    if (map.includes(index)) paintRegion(canvas, map, index, name, random);
  }
  return map;
}

type Layout = readonly { readonly name: StuffName; readonly share: number }[];

// Regions from top to bottom with their mean shares of the height.
const layouts: readonly Layout[] = [
  [
    { name: 'sky', share: 0.45 },
    { name: 'grass', share: 0.55 },
  ],
  [
    { name: 'wall', share: 0.6 },
    { name: 'grass', share: 0.4 },
  ],
  [
    { name: 'sky', share: 0.35 },
    { name: 'water', share: 0.35 },
    { name: 'grass', share: 0.3 },
  ],
  [
    { name: 'sky', share: 0.5 },
    { name: 'water', share: 0.5 },
  ],
  [
    { name: 'sky', share: 0.25 },
    { name: 'wall', share: 0.3 },
    { name: 'water', share: 0.25 },
    { name: 'grass', share: 0.2 },
  ],
];

/** Layers with wavy borders: each pixel takes the layer its wobbled height falls into. */
function layOutRegions(size: number, random: Random): StuffMap {
  const layout = random.choice(layouts);
  const wobble = noiseTexture(random, { size, cellsX: 3, cellsY: 2, octaves: 2 });
  const tilt = random.uniform(-0.3, 0.3);
  const shift = random.uniform(-0.15, 0.15);
  const map = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const height = y / size + tilt * (x / size - 0.5) + 0.35 * (wobble[y * size + x]! - 0.5) - shift;
      map[y * size + x] = stuffNames.indexOf(layerAt(layout, height));
    }
  }
  return map;
}

function layerAt(layout: Layout, height: number): StuffName {
  let end = 0;
  for (const { name, share } of layout) {
    end += share;
    if (height < end) return name;
  }
  return layout.at(-1)!.name;
}

// Hue in turns around which a region's two colours are drawn.
const hues: Record<StuffName, number> = { sky: 0.56, grass: 0.28, wall: 0.06, water: 0.52 };

function paintRegion(canvas: Canvas, map: StuffMap, index: number, name: StuffName, random: Random): void {
  const hue = hues[name] + random.uniform(-0.12, 0.12);
  const color = (): Rgb =>
    hsv(hue + random.uniform(-0.06, 0.06), random.uniform(0.15, 0.75), random.uniform(0.25, 0.95));
  const dark = color();
  const light = color();
  const texture = textures[name](canvas.size, random);
  for (let pixel = 0; pixel < map.length; pixel++) {
    if (map[pixel] !== index) continue;
    for (let channel = 0; channel < 3; channel++) {
      canvas.data[pixel * 3 + channel] =
        dark[channel]! + (light[channel]! - dark[channel]!) * texture[pixel]!;
    }
  }
}

const textures: Record<StuffName, (size: number, random: Random) => Texture> = {
  sky: (size, random) => noiseTexture(random, { size, cellsX: 2, cellsY: 4, octaves: 4 }),
  grass: (size, random) => noiseTexture(random, { size, cellsX: size >> 2, cellsY: size >> 4, octaves: 2 }),
  wall: bricks,
  water: waves,
};

function bricks(size: number, random: Random): Texture {
  const texture = noiseTexture(random, { size, cellsX: size >> 3, cellsY: size >> 3, octaves: 2 });
  const height = random.integer(6, 14);
  const width = height * random.uniform(1.5, 2.5);
  const tones = Float32Array.from({ length: 4096 }, () => random.next());
  for (let y = 0; y < size; y++) {
    const row = Math.floor(y / height);
    for (let x = 0; x < size; x++) {
      const along = x / width + (row % 2) / 2;
      const column = Math.floor(along);
      const mortar = y % height === 0 || (along - column) * width < 1;
      const at = y * size + x;
      texture[at] = mortar ? 0 : 0.35 + 0.45 * tones[(row * 61 + column) & 4095]! + 0.2 * texture[at]!;
    }
  }
  return texture;
}

function waves(size: number, random: Random): Texture {
  const noise = noiseTexture(random, { size, cellsX: 3, cellsY: 6, octaves: 3 });
  const frequency = random.uniform(0.3, 0.8);
  return noise.map((value, at) => 0.5 + 0.5 * Math.sin(Math.floor(at / size) * frequency + value * 12));
}
