import { readFile } from 'node:fs/promises';
import { parseJson, type CocoId } from '@cassl/coco';
import { loadImage, type Dataset, type LabeledImage } from '@cassl/datasets';
import { readLabels } from '@cassl/labels';
import { readablePath } from '@cassl/storage';
import { openLabeledDataset } from '@cassl/workers';
import type { Pipeline } from '@cassl/proto';
import {
  decodeMask,
  drawDetections,
  encodeJpeg,
  encodeMask,
  resizeImage,
  rleFromString,
  type DrawnInstance,
  type RgbImage,
} from '@cassl/vision';
import { bestPerObject } from '../pictures/best-per-object.ts';

/** One picture with what is drawn on it. */
export interface Panel {
  readonly caption: string;
  /** JPEG as a data URI. */
  readonly picture: string;
}

/** The same image, drawn in several ways. */
export interface DrawingRow {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Drawings {
  readonly validation: readonly DrawingRow[];
  readonly unlabeled: readonly DrawingRow[];
}

const IMAGES = 12;
/** Detections below it would only clutter the pictures. */
const SHOWN_SCORE = 0.3;
/** Pixels of a drawing's long side. */
const DRAWN_SIZE = 320;

/** Validation images with truth and final detections, unlabeled ones with their pseudo labels. */
export async function collectDrawings(pipeline: Pipeline, labelUris: readonly string[]): Promise<Drawings> {
  const [validation, unlabeled] = await Promise.all([
    drawValidation(pipeline).catch(unreadable),
    drawUnlabeled(pipeline, labelUris).catch(unreadable),
  ]);
  return { validation, unlabeled };
}

/** Data of services on other machines may be out of reach: the report goes without these pictures. */
function unreadable(error: unknown): DrawingRow[] {
  process.stderr.write(
    `report: no pictures of a part of the data: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  return [];
}

async function drawValidation({ spec, stages }: Pipeline): Promise<DrawingRow[]> {
  if (spec?.validation === undefined) return [];
  const dataset = await openLabeledDataset(spec.validation);
  const seed = spec.seeds[0] ?? 1;
  const arms = await Promise.all(
    (['warmup', 'scratch'] as const).map(async (arm) => {
      const stage = stages.find(({ name }) => name === `evaluate/finetune/${arm}/${seed}`);
      return { arm, found: await readDetections(stage?.result ?? '') };
    }),
  );
  const names = new Map(
    dataset.categories.flatMap(({ index, name, sourceIds }) => {
      const ids = sourceIds.length === 1 ? sourceIds : [index + 1];
      return ids.map((id) => [id, name] as const);
    }),
  );
  return Promise.all(
    spread(dataset.images.filter(({ instances }) => instances.length > 0)).map(async (image) => ({
      title: image.key,
      panels: [
        await panel('ground truth', image, truthOf(image, dataset)),
        ...(await Promise.all(
          arms.map(({ arm, found }) => {
            const detections = (found.get(image.id) ?? []).filter(({ score }) => score > SHOWN_SCORE);
            const drawn = detections.map(({ category_id: id, ...rest }) =>
              toDrawn(rest, names.get(id) ?? String(id)),
            );
            const shown = bestPerObject(drawn, ({ instance: { box, score = 0 } }) => ({ box, score }));
            return panel(arm === 'warmup' ? 'finetuned from warmup' : 'without warmup', image, shown);
          }),
        )),
      ],
    })),
  );
}

async function drawUnlabeled({ spec }: Pipeline, labelUris: readonly string[]): Promise<DrawingRow[]> {
  const truth =
    spec?.unlabeledTruth === undefined ? undefined : await openLabeledDataset(spec.unlabeledTruth);
  const records = [];
  for await (const record of readLabels(labelUris)) if (record.detections.length > 0) records.push(record);
  return Promise.all(
    spread(records).map(async ({ key, location, width, height, detections }) => {
      const image: LabeledImage = { id: 0, key, location, width, height, instances: [] };
      const labels = detections.map(({ box, score, mask }) => ({
        instance: { box, score, mask },
        label: percent(score),
      }));
      const known = truth?.images.find((candidate) => candidate.key === key);
      return {
        title: key,
        panels: [
          await panel('pseudo labels', image, labels),
          ...(known === undefined
            ? []
            : [
                await panel(
                  'truth',
                  image,
                  known.instances.map(({ box, mask }) => ({ instance: { box, mask }, label: '' })),
                ),
              ]),
        ],
      };
    }),
  );
}

interface Labeled {
  readonly instance: DrawnInstance;
  readonly label: string;
}

function truthOf({ instances }: LabeledImage, { categories }: Dataset): Labeled[] {
  return instances.map(({ box, mask, category }) => ({
    instance: { box, mask },
    label: categories[category]?.name ?? '',
  }));
}

interface CocoResult {
  readonly image_id: CocoId;
  readonly category_id: number;
  readonly bbox: readonly [number, number, number, number];
  readonly score: number;
  readonly segmentation?: { readonly size: readonly [number, number]; readonly counts: string };
}

async function readDetections(uri: string): Promise<Map<CocoId, CocoResult[]>> {
  const byImage = new Map<CocoId, CocoResult[]>();
  if (uri === '') return byImage;
  const results = parseJson(
    await readFile(await readablePath('detections_uri', uri), 'utf8'),
  ) as CocoResult[];
  for (const result of results) {
    const list = byImage.get(result.image_id);
    if (list === undefined) byImage.set(result.image_id, [result]);
    else list.push(result);
  }
  return byImage;
}

function toDrawn(
  { bbox: [x, y, w, h], score, segmentation }: Omit<CocoResult, 'category_id'>,
  name: string,
): Labeled {
  const mask =
    segmentation === undefined
      ? undefined
      : rleFromString(segmentation.counts, segmentation.size[0], segmentation.size[1]);
  return { instance: { box: [x, y, x + w, y + h], score, mask }, label: `${name} ${percent(score)}` };
}

function percent(score: number): string {
  return `${Math.round(100 * score)}%`;
}

/** Small pictures are drawn enlarged, so that lines and words stay fine. */
async function panel(caption: string, source: LabeledImage, labeled: readonly Labeled[]): Promise<Panel> {
  const image = await loadImage(source);
  const scale = Math.max(1, Math.round(DRAWN_SIZE / Math.max(image.width, image.height)));
  const large =
    scale === 1
      ? image
      : await resizeImage(image, { width: image.width * scale, height: image.height * scale });
  const drawn = await drawDetections(
    large,
    labeled.map(({ instance }) => enlarge(instance, scale)),
    { labels: labeled.map(({ label }) => label) },
  );
  return { caption, picture: await toDataUri(drawn) };
}

function enlarge({ box, mask, score }: DrawnInstance, scale: number): DrawnInstance {
  const [x1, y1, x2, y2] = box;
  return {
    box: [x1 * scale, y1 * scale, x2 * scale, y2 * scale],
    ...(score === undefined ? {} : { score }),
    ...(mask === undefined ? {} : { mask: scale === 1 ? mask : enlargeMask(mask, scale) }),
  };
}

/** Nearest neighbour. */
function enlargeMask(
  mask: NonNullable<DrawnInstance['mask']>,
  scale: number,
): NonNullable<DrawnInstance['mask']> {
  const { width, height } = mask;
  const small = decodeMask(mask);
  const data = new Uint8Array(width * height * scale * scale);
  for (let y = 0; y < height * scale; y += 1) {
    for (let x = 0; x < width * scale; x += 1) {
      data[y * width * scale + x] = small.data[Math.floor(y / scale) * width + Math.floor(x / scale)] ?? 0;
    }
  }
  return encodeMask({ width: width * scale, height: height * scale, data });
}

async function toDataUri(image: RgbImage): Promise<string> {
  const bytes = await encodeJpeg(image, { quality: 82 });
  return `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`;
}

/** A dozen, evenly spread. */
function spread<T>(items: readonly T[]): T[] {
  const count = Math.min(IMAGES, items.length);
  return Array.from(
    { length: count },
    (_, index) => items[Math.floor((index * items.length) / count)],
  ).filter((item) => item !== undefined);
}
