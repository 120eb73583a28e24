import type { ExportContext, ExportPiece } from './export-piece.ts';
import { inPieces } from './export-piece.ts';
import { cocoTexts } from './coco-format.ts';
import { imageAddress, imagePath } from './image-address.ts';

const GUIDE = `Load it with FiftyOne, images stay where they are (COCODetectionDataset with a manifest of file names):

  import fiftyone as fo
  dataset = fo.Dataset.from_dir(dataset_type=fo.types.COCODetectionDataset,
      data_path="data.json", labels_path="labels.json", label_types=["detections", "segmentations"])

Scores are the detections' confidence. Images of s3:// pools and tar shards are named by their address in data.json:
FiftyOne opens files only, so copy those first.
`;

/** COCO labels with scores, and the manifest of FiftyOne's COCO importer: file name to path. */
export async function* fiftyoneFormat(context: ExportContext): AsyncGenerator<ExportPiece> {
  yield* inPieces('labels.json', cocoTexts(context));
  yield* inPieces('data.json', manifest(context));
  yield { path: 'README.txt', text: GUIDE };
}

async function* manifest({ images }: ExportContext): AsyncGenerator<string> {
  let count = 0;
  for await (const { key, location } of images()) {
    const place = imagePath(location) ?? imageAddress(location);
    yield `${count++ === 0 ? '{' : ','}\n${JSON.stringify(key)}:${JSON.stringify(place)}`;
  }
  yield count === 0 ? '{}\n' : '\n}\n';
}
