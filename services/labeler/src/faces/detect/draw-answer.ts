import type { InferAnswer } from '@cassl/inference';
import { decodeImage, drawDetections, encodePng, rleFromString } from '@cassl/vision';

/** The image with its findings drawn, as a PNG. */
export async function drawAnswer(image: Uint8Array, { detections, model }: InferAnswer): Promise<Buffer> {
  const labels = detections.map(({ category, score }) => {
    const name = model.categories[category]?.name ?? '';
    return `${name} ${Math.round(100 * score)}%`.trim();
  });
  const instances = detections.map(({ box, score, mask }) => ({
    box,
    score,
    mask: mask && rleFromString(mask.counts, mask.height, mask.width),
  }));
  const drawn = await drawDetections(await decodeImage(image), instances, { labels });
  return Buffer.from(await encodePng(drawn));
}
