import type { RgbImage } from '@cassl/vision';
import type { Random } from '../random.ts';
import { createCanvas, expose } from './canvas.ts';
import { hsv, hueMatrix } from './color.ts';
import { drawClutter } from './draw-clutter.ts';
import { drawSprite, silhouette, type Look, type Placement } from './draw-sprite.ts';
import { drawStuff, type StuffMap } from './draw-stuff.ts';
import type { Sprite } from './load-sprites.ts';

/** How crowded and how camouflaged the scenes are. */
export interface SceneStyle {
  /** Fewest and most things placed; hidden ones are taken away again. */
  readonly things: readonly [number, number];
  /** Side of a picture as a share of the image's side. */
  readonly scale: readonly [number, number];
  /** Most a thing is turned either way, radians. */
  readonly rotation: number;
  /** Fewest and most unlabeled shapes behind the things. */
  readonly clutter: readonly [number, number];
  /** Most that a thing's colours fade towards one other colour, 0..1. */
  readonly haze: number;
  /** Most sensor noise, standard deviation in 0..255. */
  readonly noise: number;
  /** A thing of which a smaller share than this can be seen is not drawn. */
  readonly minVisible: number;
}

export const defaultSceneStyle: SceneStyle = {
  things: [1, 6],
  scale: [0.2, 0.5],
  rotation: Math.PI,
  clutter: [0, 4],
  haze: 0.25,
  noise: 7,
  minVisible: 0.55,
};

export interface SceneThing {
  /** Index into the sprites, which is the index into `thingCategories`. */
  readonly category: number;
}

export interface Scene {
  readonly image: RgbImage;
  readonly things: readonly SceneThing[];
  /** Per pixel: 0 where no thing is seen, else the thing's index + 1. Exact visible masks by construction. */
  readonly owners: Uint8Array;
  readonly stuff: StuffMap;
}

export interface ComposeOptions {
  readonly size: number;
  readonly sprites: readonly Sprite[];
  readonly style: SceneStyle;
}

interface PlacedThing extends SceneThing {
  readonly placement: Placement;
  readonly look: Look;
  readonly pixels: Int32Array;
}

/** One scene, a pure function of the random stream: background, clutter, then things from far to near. */
export function composeScene(random: Random, { size, sprites, style }: ComposeOptions): Scene {
  const canvas = createCanvas(size);
  const stuff = drawStuff(canvas, random);
  const clutter = random.integer(...style.clutter);
  for (let i = 0; i < clutter; i++) drawClutter(canvas, random);
  const things = visibleThings(random, size, sprites, style);
  for (const { category, placement, look } of things) drawSprite(canvas, sprites[category]!, placement, look);
  const image = expose(canvas, random, {
    contrast: random.uniform(0.65, 1.1),
    brightness: random.uniform(-25, 25),
    noise: random.uniform(2, style.noise),
  });
  return {
    image,
    things: things.map(({ category }) => ({ category })),
    owners: ownerMap(things, size),
    stuff,
  };
}

/** Every scene shows at least one thing. */
function visibleThings(
  random: Random,
  size: number,
  sprites: readonly Sprite[],
  style: SceneStyle,
): readonly PlacedThing[] {
  for (;;) {
    const things = removeHidden(placeThings(random, size, sprites, style), size, style.minVisible);
    if (things.length > 0) return things;
  }
}

function placeThings(
  random: Random,
  size: number,
  sprites: readonly Sprite[],
  style: SceneStyle,
): PlacedThing[] {
  return Array.from({ length: random.integer(...style.things) }, () => {
    const category = random.integer(0, sprites.length - 1);
    const placement: Placement = {
      centerX: random.uniform(0.06, 0.94) * size,
      centerY: random.uniform(0.06, 0.94) * size,
      side: random.logUniform(...style.scale) * size,
      angle: random.uniform(-style.rotation, style.rotation),
      aspect: random.logUniform(0.75, 1.33),
      mirrored: random.chance(0.5),
    };
    const look: Look = {
      matrix: hueMatrix(random.next(), random.uniform(0.3, 1.3)),
      gain: random.uniform(0.55, 1.2),
      haze: hsv(random.next(), random.uniform(0, 0.8), random.uniform(0.2, 0.9)),
      hazeAmount: random.uniform(0, style.haze),
    };
    return { category, placement, look, pixels: silhouette(size, sprites[category]!, placement) };
  });
}

// Below this many pixels a thing cannot be told from noise.
const minVisiblePixels = 20;

/** Takes things away, farthest first, until each one left shows enough of itself. */
function removeHidden(placed: readonly PlacedThing[], size: number, minVisible: number): PlacedThing[] {
  const things = [...placed];
  for (;;) {
    const visible = visiblePixels(things, size);
    const hidden = things.findIndex(({ placement, pixels }, index) => {
      // Against the nominal area, so that what the image's border cuts off counts as hidden too.
      const nominal = Math.max(pixels.length, 0.5 * placement.side ** 2);
      return visible[index]! < Math.max(minVisiblePixels, minVisible * nominal);
    });
    if (hidden < 0) return things;
    things.splice(hidden, 1);
  }
}

function visiblePixels(things: readonly PlacedThing[], size: number): Uint32Array {
  const counts = new Uint32Array(things.length);
  for (const owner of ownerMap(things, size)) if (owner > 0) counts[owner - 1]!++;
  return counts;
}

function ownerMap(things: readonly PlacedThing[], size: number): Uint8Array {
  const owners = new Uint8Array(size * size);
  for (const [index, { pixels }] of things.entries()) {
    for (const pixel of pixels) owners[pixel] = index + 1;
  }
  return owners;
}
