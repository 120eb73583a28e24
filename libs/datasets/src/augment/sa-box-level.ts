import type { RgbImage, TrainingInstance, TrainingSample } from '@cassl/vision';
import type { Random } from '../random.ts';
import type { PictureChange } from './augmentation.ts';
import { brightness, color, sharpness } from './color-enhance.ts';
import { enhanceFactor } from './color-operations.ts';
import { solarizeAdd } from './color-tables.ts';
import { mirror, rotation, shearX } from './geometric-operations.ts';
import { refit } from './tight-box.ts';
import { warpImage, warpMask, type Affine } from './warp-affine.ts';

type Geometry = (instance: TrainingInstance, random: Random) => Affine | undefined;

/** A colour operation, then a geometric one. */
export interface SubPolicy {
  readonly name: string;
  readonly colorProbability: number;
  readonly change: PictureChange;
  readonly geometryProbability: number;
  readonly geometry: Geometry;
}

// The five learned sub-policies, (operation, probability, level). Translations are no-ops in the shipped code.
export const subPolicies: readonly SubPolicy[] = [
  {
    name: 'color 2 | translate-x',
    colorProbability: 0.4,
    change: (image) => color(image, enhanceFactor(2)),
    geometryProbability: 0.4,
    geometry: () => undefined,
  },
  {
    name: 'brightness 4 | rotate 6',
    colorProbability: 0.2,
    change: (image) => brightness(image, enhanceFactor(4)),
    geometryProbability: 0.4,
    geometry: ({ box }, random) => rotation(sign(random) * 3 * 2, ...centerOf(box)),
  },
  {
    name: 'sharpness 2 | shear-x 9',
    colorProbability: 0.4,
    change: (image) => sharpness(image, enhanceFactor(2)),
    geometryProbability: 0.2,
    geometry: ({ box }, random) =>
      shearX(Math.tan((sign(random) * 1.5 * 6 * Math.PI) / 180), ...centerOf(box)),
  },
  {
    name: 'solarize-add 2 | mirror',
    colorProbability: 0.2,
    change: (image, random) => solarizeAdd(image, Math.round(sign(random) * 0.04297 * 2 * 255)),
    geometryProbability: 0.5,
    geometry: ({ box }) => mirror(centerOf(box)[0]),
  },
  {
    name: 'color 8 | translate-y',
    colorProbability: 0,
    change: (image) => color(image, enhanceFactor(8)),
    geometryProbability: 0.2,
    geometry: () => undefined,
  },
];

const boxProbability = 0.3;
// Shares of small, medium and large boxes, split at these areas in pixels.
const areaLimits = [2048, 10_240] as const;
const colorShares = [7 / 13, 5 / 13, 1 / 13] as const;
const geometryShares = [1 / 3, 1 / 3, 1 / 3] as const;
// Area of the Gaussian against the box, by size class.
const spreads = [6, 2, 0.4] as const;

/** Changes things one by one, each blended in by a Gaussian around its box; `progress` (0..1) scales the probabilities. */
export function augmentBoxes(sample: TrainingSample, random: Random, progress: number): TrainingSample {
  const policy = random.choice(subPolicies);
  let { image } = sample;
  if (random.chance(policy.colorProbability * progress)) {
    const original = image;
    for (const instance of sample.instances) {
      if (!random.chance(boxProbability * colorShares[sizeClass(instance)])) continue;
      image = blendAround(image, policy.change(original, random), instance);
    }
  }
  if (!random.chance(policy.geometryProbability * progress)) return { ...sample, image };
  const instances = sample.instances.flatMap((instance) => {
    if (!random.chance(boxProbability * geometryShares[sizeClass(instance)])) return instance;
    const affine = policy.geometry(instance, random);
    if (affine === undefined) return instance;
    image = blendAround(image, warpImage(image, affine, 128), instance);
    if (instance.mask === undefined) return instance;
    return refit(instance, instance.box, warpMask(instance.mask, affine), image) ?? [];
  });
  return { ...sample, image, instances };
}

/** out = image (1 - g) + changed g, with sigma = (w / W, h / H) sqrt(spread H W / 2 pi) around the box's centre. */
function blendAround(image: RgbImage, changed: RgbImage, instance: TrainingInstance): RgbImage {
  const { width, height } = image;
  const [x1, y1, x2, y2] = instance.box;
  const deviation = Math.sqrt((spread(instance) * width * height) / (2 * Math.PI));
  const columns = bell(width, (x1 + x2) / 2, ((x2 - x1) / width) * deviation);
  const rows = bell(height, (y1 + y2) / 2, ((y2 - y1) / height) * deviation);
  const data = new Uint8Array(image.data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const g = columns[x]! * rows[y]!;
      for (const end = i + 3; i < end; i++) {
        data[i] = Math.round(image.data[i]! + (changed.data[i]! - image.data[i]!) * g);
      }
    }
  }
  return { width, height, data };
}

function spread(instance: TrainingInstance): number {
  const area = areaOf(instance);
  const shrink = area < 2048 ? 2048 / area : area < 10_240 ? 6144 / area : area < 51_200 ? 51_200 / area : 1;
  return spreads[sizeClass(instance)] * shrink;
}

function bell(length: number, center: number, sigma: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.exp(-((i + 0.5 - center) ** 2) / (2 * sigma ** 2)));
}

function sizeClass(instance: TrainingInstance): 0 | 1 | 2 {
  const area = areaOf(instance);
  return area < areaLimits[0] ? 0 : area < areaLimits[1] ? 1 : 2;
}

function areaOf({ box: [x1, y1, x2, y2] }: TrainingInstance): number {
  return (x2 - x1) * (y2 - y1);
}

function centerOf([x1, y1, x2, y2]: TrainingInstance['box']): [number, number] {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

function sign(random: Random): number {
  return random.chance(0.5) ? 1 : -1;
}
