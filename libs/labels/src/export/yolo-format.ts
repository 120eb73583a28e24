import type { LabeledRow } from '../file/label-row.ts';
import { PIECE, type ExportContext, type ExportPiece } from './export-piece.ts';
import { createFileNames } from './file-names.ts';
import { imageAddress, imagePath } from './image-address.ts';

const GUIDE = `images.txt lists ./images/..., relative to this folder; the labels of ./images/NAME.jpg are ./labels/NAME.txt, where
YOLO trainers look for them. Entries of images/ are links to the pool's files. Images that are no files of their own (s3://
pools, tar shards) are listed in missing-images.txt with the name to copy them to; copy them before training.
`;

/** `labels/NAME.txt` of class and normalised centre boxes, `images/NAME` as links, `images.txt` and `data.yaml`. */
export async function* yoloFormat({ images, className }: ExportContext): AsyncGenerator<ExportPiece> {
  const nameOf = createFileNames();
  yield {
    path: 'data.yaml',
    text: `path: .\ntrain: images.txt\nnames:\n  0: ${JSON.stringify(className)}\n`,
  };
  yield { path: 'README.txt', text: GUIDE };
  let listed = '';
  for await (const image of images) {
    // Trainers replace the last /images/ of a path, so that a folder of that name inside needs another one.
    const { stem, ending } = nameOf(image.key.replace(/(^|\/)images(?=\/)/g, '$1images_'));
    const path = `images/${stem}${ending}`;
    yield {
      path: `labels/${stem}.txt`,
      text: image.instances.map((label) => yoloLine(label, image)).join(''),
    };
    listed += `./${path}\n`;
    if (listed.length >= PIECE) {
      yield { path: 'images.txt', text: listed };
      listed = '';
    }
    const file = imagePath(image.location);
    yield file === undefined
      ? { path: 'missing-images.txt', text: `${JSON.stringify(imageAddress(image.location))}\t${path}\n` }
      : { path, linkTo: file };
  }
  yield { path: 'images.txt', text: listed };
}

function yoloLine(
  { bbox: [x, y, w, h] }: LabeledRow['instances'][number],
  { width, height }: LabeledRow,
): string {
  const values = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height];
  // Nine digits: a box of a hundredth of a pixel is still one in a picture of ten million pixels a side.
  return `0 ${values.map((value) => Math.min(value, 1).toFixed(9)).join(' ')}\n`;
}
