import type { LabeledRow } from '../file/label-row.ts';
import type { ExportContext, ExportPiece } from './export-piece.ts';
import { inPieces } from './export-piece.ts';
import { cocoTexts } from './coco-format.ts';
import { imageAddress, imagePath } from './image-address.ts';
import { createTextSpool, type TextSpool } from './text-spool.ts';

const GUIDE = `Load it with FiftyOne, images stay where they are (COCODetectionDataset with a manifest of file names):

  import fiftyone as fo
  dataset = fo.Dataset.from_dir(dataset_type=fo.types.COCODetectionDataset,
      data_path="data.json", labels_path="labels.json", label_types=["detections", "segmentations"])

Scores are the detections' confidence. Images of s3:// pools and tar shards are named by their address in data.json:
FiftyOne opens files only, so copy those first.
`;

/** COCO labels with scores, and the manifest of FiftyOne's COCO importer: file name to path. */
export async function* fiftyoneFormat({ images, className }: ExportContext): AsyncGenerator<ExportPiece> {
  const places = createTextSpool();
  try {
    const watched = alsoListed(images, places);
    yield* inPieces('labels.json', cocoTexts({ images: watched, className }));
    yield* inPieces('data.json', places.read());
    yield { path: 'README.txt', text: GUIDE };
  } finally {
    await places.close();
  }
}

/** The images as they are, and their places in the spool as one JSON object. */
async function* alsoListed(images: AsyncIterable<LabeledRow>, places: TextSpool): AsyncGenerator<LabeledRow> {
  let count = 0;
  for await (const image of images) {
    const { key, location } = image;
    const place = imagePath(location) ?? imageAddress(location);
    await places.add(`${count++ === 0 ? '{' : ','}\n${JSON.stringify(key)}:${JSON.stringify(place)}`);
    yield image;
  }
  await places.add(count === 0 ? '{}\n' : '\n}\n');
}
