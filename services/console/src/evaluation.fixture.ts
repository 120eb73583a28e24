import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EvaluationJob } from '@cassl/proto';
import { encodeJpeg } from '@cassl/vision';

const SIZE = { width: 64, height: 48 };

/**
 * An evaluation `e1` that kept its detections, of two pictures with a cat each: in a.jpg it is found; in b.jpg it is taken for a `dog`, and
 * something is found where nothing is.
 */
export async function writeEvaluation(folder: string, dog: string): Promise<EvaluationJob> {
  const place = join(folder, 'evaluated');
  await mkdir(place, { recursive: true });
  const data = new Uint8Array(3 * SIZE.width * SIZE.height).fill(90);
  const picture = await encodeJpeg({ ...SIZE, data });
  for (const name of ['a.jpg', 'b.jpg']) await writeFile(join(place, name), picture);
  const images = ['a.jpg', 'b.jpg'].map((name, index) => ({ id: index + 1, file_name: name, ...SIZE }));
  const cat = { category_id: 3, bbox: [4, 4, 16, 24] };
  const annotations = images.map(({ id }) => ({ id, image_id: id, ...cat, area: 384, iscrowd: 0 }));
  const categories = [
    { id: 3, name: 'cat' },
    { id: 7, name: dog },
  ];
  await writeFile(join(place, 'labels.json'), JSON.stringify({ images, annotations, categories }));
  const detections = [
    { image_id: 1, ...cat, score: 0.9 },
    { image_id: 1, ...cat, bbox: [30, 4, 16, 24], score: 0.1 },
    { image_id: 2, ...cat, category_id: 7, score: 0.8 },
    { image_id: 2, ...cat, bbox: [30, 4, 16, 24], score: 0.7 },
  ];
  await writeFile(join(place, 'detections.json'), JSON.stringify(detections));
  const address = (name: string): string => pathToFileURL(join(place, name)).href;
  return EvaluationJob.fromPartial({
    status: { id: 'e1', state: 'JOB_STATE_SUCCEEDED' },
    spec: { dataset: { annotationsUri: address('labels.json'), imagesUri: pathToFileURL(place).href } },
    evaluation: { metrics: { 'bbox/AP': 0.5 } },
    detectionsUri: address('detections.json'),
  });
}
