import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { rleArea, rleBox, rleFromPolygons, rleToString } from '@cassl/vision';

export interface GeneratedSet {
  readonly groundTruth: string;
  readonly bbox: string;
  readonly segm: string;
}

export interface SetSize {
  readonly images: number;
  readonly groundTruths: number;
  readonly categories: number;
  readonly detectionsPerImage: number;
}

/** COCO val2017's own counts, with the 100 detections per image that an evaluator keeps. */
export const VAL2017: SetSize = {
  images: 5000,
  groundTruths: 36_781,
  categories: 80,
  detectionsPerImage: 100,
};

const WIDTH = 640;
const HEIGHT = 480;
const round = (value: number): number => Math.round(value * 100) / 100;

/**
 * Writes a COCO ground truth and results for it, a pure function of size and seed: objects of COCO's spread of sizes, one
 * in 150 a crowd; of every image's detections two per object are jittered copies of it, the rest strays that lean to the
 * classes of the image, as a detector's low-scoring tail does. Masks are wobbly closed curves with COCO-like run counts.
 */
export async function generateSet(folder: string, size: SetSize, seed: number): Promise<GeneratedSet> {
  const random = mulberry32(seed);
  const files: GeneratedSet = {
    groundTruth: join(folder, 'gt.json'),
    bbox: join(folder, 'bbox.json'),
    segm: join(folder, 'segm.json'),
  };
  const annotations = openArray(files.groundTruth, groundTruthHead(size));
  const boxes = openArray(files.bbox, '[');
  const masks = openArray(files.segm, '[');
  let annotationId = 1;
  for (let image = 1; image <= size.images; image++) {
    const count = shareOf(size.groundTruths, image, size.images);
    const objects = Array.from({ length: count }, () => randomObject(random, size.categories));
    for (const object of objects) {
      const crowd = random() < 1 / 150;
      const polygon = outline(object, random);
      const rle = rleFromPolygons([polygon], HEIGHT, WIDTH);
      await annotations.add({
        id: annotationId++,
        image_id: image,
        category_id: object.category,
        iscrowd: crowd ? 1 : 0,
        area: rleArea(rle),
        bbox: rleBox(rle),
        segmentation: crowd
          ? { size: [HEIGHT, WIDTH], counts: Array.from(rle.counts) }
          : [polygon.map(round)],
      });
    }
    for (let d = 0; d < size.detectionsPerImage; d++) {
      const source = d < 2 * count ? objects[d % count]! : undefined;
      const found = source
        ? jittered(source, random, d < count ? 0.08 : 0.3)
        : stray(objects, random, size.categories);
      const score = round(1e2 * (source ? 0.3 + 0.7 * random() : 0.5 * random() ** 2)) / 1e2;
      const head = { image_id: image, category_id: found.category, score };
      await boxes.add({ ...head, bbox: [found.x, found.y, found.w, found.h].map(round) });
      const rle = rleFromPolygons([outline(found, random)], HEIGHT, WIDTH);
      await masks.add({ ...head, segmentation: { size: [HEIGHT, WIDTH], counts: rleToString(rle) } });
    }
  }
  await Promise.all([annotations.close(']}'), boxes.close(']'), masks.close(']')]);
  return files;
}

interface GeneratedObject {
  readonly category: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function groundTruthHead({ images, categories }: SetSize): string {
  const imageList = Array.from({ length: images }, (_, i) => ({
    id: i + 1,
    width: WIDTH,
    height: HEIGHT,
    file_name: `${i + 1}.jpg`,
  }));
  const categoryList = Array.from({ length: categories }, (_, i) => ({ id: i + 1, name: `class ${i + 1}` }));
  return `{"images":${JSON.stringify(imageList)},"categories":${JSON.stringify(categoryList)},"annotations":[`;
}

/** Splits `total` over `parts` without a remainder: part i gets the difference of two rounded multiples. */
function shareOf(total: number, part: number, parts: number): number {
  return Math.round((total * part) / parts) - Math.round((total * (part - 1)) / parts);
}

/** Sides are log-uniform from 8 to 400 pixels: about COCO's 41 % small, 34 % medium, 24 % large. */
function randomObject(random: () => number, categories: number): GeneratedObject {
  const side = 8 * 50 ** random();
  const aspect = Math.exp(random() - 0.5);
  const w = Math.min(side * aspect, WIDTH - 2);
  const h = Math.min(side / aspect, HEIGHT - 2);
  // Squaring the draw makes a few classes frequent and most rare.
  const category = 1 + Math.floor(random() ** 2 * categories);
  return { category, x: random() * (WIDTH - w), y: random() * (HEIGHT - h), w, h };
}

function jittered(object: GeneratedObject, random: () => number, amount: number): GeneratedObject {
  const shift = () => amount * (2 * random() - 1);
  const w = object.w * (1 + shift());
  const h = object.h * (1 + shift());
  return {
    category: object.category,
    x: object.x + object.w * shift(),
    y: object.y + object.h * shift(),
    w,
    h,
  };
}

function stray(
  objects: readonly GeneratedObject[],
  random: () => number,
  categories: number,
): GeneratedObject {
  const object = randomObject(random, categories);
  const model = objects[Math.floor(random() * objects.length * 2)];
  return model ? { ...object, category: model.category } : object;
}

/** A closed curve in the box: an ellipse with three random waves on its radius, 28 points. */
function outline({ x, y, w, h }: GeneratedObject, random: () => number): number[] {
  const phases = [random(), random(), random()].map((value) => value * 2 * Math.PI);
  return Array.from({ length: 28 }, (_, i) => {
    const angle = (i / 28) * 2 * Math.PI;
    const wobble = phases.reduce(
      (sum, phase, wave) => sum + 0.07 * Math.cos((wave + 2) * angle + phase),
      0.79,
    );
    return [x + (w / 2) * (1 + wobble * Math.cos(angle)), y + (h / 2) * (1 + wobble * Math.sin(angle))];
  })
    .flat()
    .map((value, i) => round(Math.min(Math.max(value, 0), i % 2 === 0 ? WIDTH : HEIGHT)));
}

function openArray(
  path: string,
  head: string,
): { add(value: unknown): Promise<void>; close(tail: string): Promise<void> } {
  const stream = createWriteStream(path, { highWaterMark: 1 << 20 });
  stream.write(head);
  let separator = '';
  return {
    async add(value) {
      const more = stream.write(separator + JSON.stringify(value));
      separator = ',';
      if (!more) await once(stream, 'drain');
    },
    async close(tail) {
      stream.end(tail);
      await once(stream, 'finish');
    },
  };
}

/** A small seeded generator (mulberry32), so that every run measures the same set. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
