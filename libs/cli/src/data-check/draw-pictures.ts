import { loadImage, openImagePool, readShard, type Dataset, type LabeledImage } from '@cassl/datasets';
import { errorMessage } from '@cassl/errors';
import { decodeImage, drawDetections, encodeJpeg, resizeImage, type RgbImage } from '@cassl/vision';

export interface DrawnPicture {
  readonly caption: string;
  /** A data URI; empty where the image cannot be read, which the caption says. */
  readonly picture: string;
}

/** Pixels of the long side. */
const SHOWN_SIZE = 480;

/** `count` labeled images from all over the data set, with boxes, masks and category names. */
export async function drawLabeled(dataset: Dataset, count: number): Promise<DrawnPicture[]> {
  const names = new Map(dataset.categories.map(({ index, name }) => [index, name]));
  const pictures: DrawnPicture[] = [];
  for (const image of spread(dataset.images, count)) pictures.push(await drawOne(image, names));
  return pictures;
}

/** The first `count` images of a pool, as they are. */
export async function drawUnlabeled(folder: string, count: number): Promise<DrawnPicture[]> {
  const pictures: DrawnPicture[] = [];
  const pool = await openImagePool(folder);
  for await (const shard of pool.shards({ imagesPerShard: count })) {
    for await (const image of readShard(shard)) {
      if (pictures.length === count) return pictures;
      pictures.push(
        await shown(image.key, async () => {
          if (image.error !== undefined) throw image.error;
          return decodeImage(image.bytes);
        }),
      );
    }
  }
  return pictures;
}

async function drawOne(image: LabeledImage, names: ReadonlyMap<number, string>): Promise<DrawnPicture> {
  const { key, width, height, instances } = image;
  const crowds = instances.filter(({ crowd }) => crowd).length;
  const note = crowds === 0 ? '' : `, ${crowds} of them crowds`;
  const objects = instances.length === 1 ? '1 object' : `${instances.length} objects`;
  return shown(`${key}, ${width} × ${height}, ${objects}${note}`, async () =>
    drawDetections(await loadImage(image), instances, {
      labels: instances.map(
        ({ category, crowd }) => `${names.get(category) ?? ''}${crowd ? ' (crowd)' : ''}`,
      ),
    }),
  );
}

async function shown(caption: string, load: () => Promise<RgbImage>): Promise<DrawnPicture> {
  try {
    const image = await load();
    const scale = Math.min(1, SHOWN_SIZE / Math.max(image.width, image.height));
    const size = {
      width: Math.max(1, Math.round(image.width * scale)),
      height: Math.max(1, Math.round(image.height * scale)),
    };
    const bytes = await encodeJpeg(await resizeImage(image, size), { quality: 82 });
    return { caption, picture: `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}` };
  } catch (error) {
    return { caption: `${caption}: ${errorMessage(error)}`, picture: '' };
  }
}

function spread<T>(items: readonly T[], count: number): T[] {
  const most = Math.min(count, items.length);
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)]).filter(
    (item) => item !== undefined,
  );
}
