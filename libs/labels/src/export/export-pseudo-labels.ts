import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeMask, rleArea, rleToString, toXywh, type Detection } from '@cassl/vision';
import { encodeLabelStudioRle } from './label-studio-rle.ts';
import type { LabelRecord } from '../file/label-record.ts';

export const exportFormats = ['coco', 'label-studio', 'yolo'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportPseudoLabelsOptions {
  readonly format: ExportFormat;
  /** Folder to write into. */
  readonly out: string;
  /** Keep scores strictly greater. @default 0 */
  readonly threshold?: number | undefined;
  /** @default 'object' */
  readonly className?: string | undefined;
}

export interface ExportedLabels {
  readonly files: readonly string[];
  readonly images: number;
  readonly labels: number;
}

type Records = Iterable<LabelRecord> | AsyncIterable<LabelRecord>;

/**
 * Writes pseudo labels for other tools. `coco`: one `instances.json` with scores. `label-studio`: one `tasks.json` of
 * predictions, rectangles and brush masks. `yolo`: `labels/<key>.txt` of class and normalised centre boxes, `data.yaml`
 * and `images.txt` (where each image is).
 */
export async function exportPseudoLabels(
  records: Records,
  { format, out, threshold = 0, className = 'object' }: ExportPseudoLabelsOptions,
): Promise<ExportedLabels> {
  const kept: LabelRecord[] = [];
  for await (const record of records) {
    const detections = record.detections.filter(({ score }) => score > threshold);
    if (detections.length > 0) kept.push({ ...record, detections });
  }
  const files = filesOf(format, kept, className);
  for (const [path, text] of files) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), text);
  }
  const labels = kept.reduce((sum, { detections }) => sum + detections.length, 0);
  return { files: [...files.keys()], images: kept.length, labels };
}

function filesOf(
  format: ExportFormat,
  records: readonly LabelRecord[],
  className: string,
): Map<string, string> {
  switch (format) {
    case 'coco':
      return new Map([['instances.json', JSON.stringify(cocoDocument(records, className))]]);
    case 'label-studio':
      return new Map([
        ['tasks.json', JSON.stringify(records.map((record) => labelStudioTask(record, className)))],
      ]);
    case 'yolo':
      return yoloFiles(records, className);
  }
}

function cocoDocument(records: readonly LabelRecord[], className: string): object {
  let id = 0;
  return {
    info: { description: 'pseudo labels', checkpoint: records[0]?.checkpoint },
    images: records.map(({ key, width, height }, index) => ({
      id: index + 1,
      file_name: key,
      width,
      height,
    })),
    annotations: records.flatMap(({ detections, height, width }, index) =>
      detections.map(({ box, score, mask }) => ({
        id: ++id,
        image_id: index + 1,
        category_id: 1,
        iscrowd: 0,
        bbox: toXywh(box),
        area: mask === undefined ? (box[2] - box[0]) * (box[3] - box[1]) : rleArea(mask),
        ...(mask === undefined ? {} : { segmentation: { size: [height, width], counts: rleToString(mask) } }),
        score,
      })),
    ),
    categories: [{ id: 1, name: className, supercategory: className }],
  };
}

/** https://labelstud.io/guide/predictions: values in percent of the image, one prediction per task. */
function labelStudioTask(record: LabelRecord, className: string): object {
  const { width, height, detections, location, key, checkpoint } = record;
  const common = { to_name: 'image', image_rotation: 0, original_width: width, original_height: height };
  const results = detections.flatMap((detection, index) => {
    const rectangle = {
      ...common,
      id: `${index}-box`,
      type: 'rectanglelabels',
      from_name: 'box',
      score: detection.score,
      value: { ...percentBox(detection, width, height), rotation: 0, rectanglelabels: [className] },
    };
    if (detection.mask === undefined) return [rectangle];
    const brush = {
      ...common,
      id: `${index}-mask`,
      type: 'brushlabels',
      from_name: 'mask',
      score: detection.score,
      value: {
        format: 'rle',
        rle: encodeLabelStudioRle(decodeMask(detection.mask)),
        brushlabels: [className],
      },
    };
    return [rectangle, brush];
  });
  const score = detections.reduce((sum, detection) => sum + detection.score, 0) / detections.length;
  return {
    data: { image: `${location.store}/${location.key}`, key },
    predictions: [{ model_version: checkpoint, score, result: results }],
  };
}

function percentBox({ box }: Detection, width: number, height: number): object {
  const [x, y, w, h] = toXywh(box);
  return {
    x: (100 * x) / width,
    y: (100 * y) / height,
    width: (100 * w) / width,
    height: (100 * h) / height,
  };
}

function yoloFiles(records: readonly LabelRecord[], className: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const { key, width, height, detections } of records) {
    const lines = detections.map(({ box: [x1, y1, x2, y2] }) => {
      const values = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
      return `0 ${values.map((value) => value.toFixed(6)).join(' ')}\n`;
    });
    files.set(`labels/${key.replace(/\.[^./]+$/, '')}.txt`, lines.join(''));
  }
  const places = records.map(({ location: { store, key } }) => `${store}/${key}\n`);
  files.set('images.txt', places.join(''));
  files.set('data.yaml', `path: .\ntrain: images.txt\nnames:\n  0: ${JSON.stringify(className)}\n`);
  return files;
}
