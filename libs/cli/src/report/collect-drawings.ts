import { loadImage, type Dataset, type LabeledImage } from '@cassl/datasets';
import { isCasslError } from '@cassl/errors';
import { readLabels } from '@cassl/labels';
import { openLabeledDataset } from '@cassl/workers';
import type { Pipeline } from '@cassl/proto';
import {
  decodeMask,
  drawDetections,
  encodeJpeg,
  encodeMask,
  resizeImage,
  type Detection,
  type DrawnInstance,
  type RgbImage,
} from '@cassl/vision';
import { bestPerObject } from '../pictures/best-per-object.ts';
import type { DrawingRow, Panel } from './drawing-row.ts';
import type { JudgedImage } from './judge-images.ts';
import { SHOWN_SCORE } from './match-found.ts';
import type { FoundImages } from '@cassl/datasets';

const IMAGES = 12;
/** Pixels of a drawing's long side. */
const DRAWN_SIZE = 320;
const GREY = 128;

/** A validation image with its truth beside what an arm found. */
export async function drawCase(
  { image, f1 }: JudgedImage,
  found: readonly Detection[],
  dataset: Dataset,
): Promise<DrawingRow> {
  return {
    title: `${image.key} · F1 ${f1.toFixed(2)}`,
    panels: [
      await panel('ground truth', image, truthOf(image, dataset)),
      await panel('found', image, shownOf(found, dataset)),
    ],
  };
}

/** Images spread over the data set, each with its truth and what every detector found. */
export async function drawDetected(
  dataset: Dataset,
  detectors: readonly { readonly caption: string; readonly found: FoundImages }[],
  count: number,
): Promise<DrawingRow[]> {
  const labeled = spread(dataset.images.filter(({ instances }) => instances.length > 0));
  return Promise.all(
    labeled.slice(0, count).map(async (image) => ({
      title: image.key,
      panels: [
        await panel('ground truth', image, truthOf(image, dataset)),
        ...(await Promise.all(
          detectors.map(({ caption, found }) =>
            panel(caption, image, shownOf(found.get(image.id) ?? [], dataset)),
          ),
        )),
      ],
    })),
  );
}

function shownOf(found: readonly Detection[], { categories }: Dataset): Labeled[] {
  const shown = bestPerObject(
    found.filter(({ score }) => score > SHOWN_SCORE),
    (detection) => detection,
  );
  return shown.map(({ box, score, mask, category }) => ({
    instance: { box, score, mask },
    label: `${categories[category]?.name ?? ''} ${percent(score)}`,
  }));
}

/** A dozen unlabeled images with what the pseudo labeler found, beside the truth where that is known. */
export async function drawUnlabeled({ spec }: Pipeline, labelSet: string): Promise<DrawingRow[]> {
  if (labelSet === '') return [];
  const truth =
    spec?.unlabeledTruth === undefined ? undefined : await openLabeledDataset(spec.unlabeledTruth);
  const records = [];
  for await (const record of readLabels([labelSet])) if (record.detections.length > 0) records.push(record);
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

function percent(score: number): string {
  return `${Math.round(100 * score)}%`;
}

/** Small pictures are drawn enlarged, so that lines and words stay fine. */
async function panel(caption: string, source: LabeledImage, labeled: readonly Labeled[]): Promise<Panel> {
  const read = await readOr(source);
  const image = read ?? greyImage(source);
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
  return {
    caption: read === undefined ? `${caption}: the file cannot be read` : caption,
    picture: await toDataUri(drawn),
  };
}

/** A picture that cannot be read costs its place in the report, not the report. */
async function readOr(source: LabeledImage): Promise<RgbImage | undefined> {
  try {
    return await loadImage(source);
  } catch (error) {
    if (isCasslError(error)) return undefined;
    throw error;
  }
}

function greyImage({ width, height }: LabeledImage): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(GREY) };
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
