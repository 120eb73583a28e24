import {
  cocoIdField,
  copyNumbers,
  finiteField,
  objectEntry,
  readJsonArrays,
  unknownId,
  type CocoId,
} from '@cassl/coco';
import { errorMessage, invalidArgument } from '@cassl/errors';
import { parseSegmentation, rleArea, rleBox, rleToString } from '@cassl/vision';
import type { EvaluationType } from '../coco/evaluation-protocol.ts';
import { spannedArea } from '../coco/columns-of.ts';
import { ByteStore, IndexColumn, NumberColumn } from './growing.ts';
import { groupByImage, type RowsByImage } from './group-by-image.ts';
import type { ImageInfo, ImageTable } from './read-ground-truth.ts';

/** COCO results as columns, one row per entry in file order. */
export interface ResultsTable {
  readonly path: string;
  readonly count: number;
  readonly byImage: RowsByImage;
  readonly category: Int32Array;
  readonly score: Float64Array;
  /**
   * As pycocotools' `loadRes` fills it in: the box's where the first entry has one, else the mask's, else that of the box
   * around all keypoints. NaN for masks that are measured when they are decoded.
   */
  readonly area: Float64Array;
  /** bbox only: xywh. */
  readonly boxes: Float64Array;
  /** keypoints only */
  readonly keypoints: Float64Array;
  /** segm only: compressed RLE of every row. */
  readonly masks: ByteStore;
}

export interface ReadResultsOptions {
  readonly type: EvaluationType;
  readonly keypointLength: number;
  /** Categories are collapsed: any `category_id`, or none, is fine. */
  readonly classAgnostic: boolean;
}

/**
 * Reads COCO results, a list of `{image_id, category_id, score, bbox | segmentation | keypoints}`.
 * @throws INVALID_ARGUMENT naming file, entry and field: not JSON, an unknown image or category, a score that is not a
 *   finite number, a mask whose size is not its image's. Run strings are checked when they are decoded.
 */
export async function readResults(
  path: string,
  table: ImageTable,
  options: ReadResultsOptions,
): Promise<ResultsTable> {
  const reader = new ResultReader(path, table, options);
  let isList = false;
  await readJsonArrays(path, {
    '': (elements, first) => {
      isList = true;
      for (let i = 0; i < elements.length; i++) reader.add(elements[i], first + i);
    },
  });
  if (!isList) throw invalidArgument(`${path} must be a list of results`);
  return reader.finish();
}

class ResultReader {
  private readonly path: string;
  private readonly table: ImageTable;
  private readonly options: ReadResultsOptions;
  private readonly image = new IndexColumn();
  private readonly category = new IndexColumn();
  private readonly score = new NumberColumn();
  private readonly area = new NumberColumn();
  private readonly boxes = new NumberColumn();
  private readonly keypoints = new NumberColumn();
  private readonly masks = new ByteStore();
  private index = 0;
  /** Where areas come from; the first entry decides for all, as in pycocotools. */
  private areaOf: 'bbox' | 'segmentation' | 'keypoints' = 'bbox';
  private readonly name = (): string => `${this.path}: entry[${this.index}]`;
  private readonly box = new Float64Array(4);

  constructor(path: string, table: ImageTable, options: ReadResultsOptions) {
    this.path = path;
    this.table = table;
    this.options = options;
  }

  add(element: unknown, index: number): void {
    this.index = index;
    const entry = objectEntry(element, this.name);
    if (index === 0) this.areaOf = areaSource(entry);
    const image = this.table.indexOf.get(entry['image_id'] as CocoId);
    if (image === undefined) {
      const id = cocoIdField(entry, 'image_id', this.name);
      throw invalidArgument(
        `${this.name()}.image_id ${unknownId(id, this.table.indexOf, "the ground truth's images")}`,
      );
    }
    this.image.push(image);
    this.category.push(this.categoryIndex(entry));
    this.score.push(finiteField(entry, 'score', this.name));
    this.addGeometry(entry, this.table.images[image]!);
  }

  private categoryIndex(entry: Record<string, unknown>): number {
    const category = this.table.categoryIndexOf.get(entry['category_id'] as CocoId);
    if (category !== undefined) return category;
    // Last in the order of categories.
    if (this.options.classAgnostic) return this.table.categories.length;
    const id = cocoIdField(entry, 'category_id', this.name);
    throw invalidArgument(
      `${this.name()}.category_id ${unknownId(id, this.table.categoryIndexOf, "the ground truth's categories")}`,
    );
  }

  private addGeometry(entry: Record<string, unknown>, image: ImageInfo): void {
    const { type, keypointLength } = this.options;
    let area = this.areaOf === 'bbox' ? this.boxArea(entry) : NaN;
    switch (type) {
      case 'bbox': {
        if (this.areaOf !== 'bbox') area = this.boxFromOthers(entry, image);
        const at = this.boxes.extend(4);
        this.boxes.values.set(this.box, at);
        break;
      }
      case 'segm':
        if (!this.masks.push(compressedMask(entry['segmentation'], image, this.name))) {
          throw invalidArgument(
            `${this.name()}: segmentation.counts has a character that no run can contain`,
          );
        }
        break;
      case 'keypoints': {
        const at = this.keypoints.extend(keypointLength);
        copyNumbers(entry['keypoints'], keypointLength, this.keypoints.values, at, 'keypoints', this.name);
        if (this.areaOf !== 'bbox') area = spannedArea(this.keypoints.values, at, keypointLength);
        break;
      }
    }
    this.area.push(area);
  }

  private boxArea(entry: Record<string, unknown>): number {
    copyNumbers(entry['bbox'], 4, this.box, 0, 'bbox', this.name);
    return this.box[2]! * this.box[3]!;
  }

  /** Box evaluation of results that carry masks alone: the box is the mask's, the area its pixels. */
  private boxFromOthers(entry: Record<string, unknown>, image: ImageInfo): number {
    if (this.areaOf !== 'segmentation') copyNumbers(entry['bbox'], 4, this.box, 0, 'bbox', this.name);
    const rle = parseMask(entry['segmentation'], image, this.name);
    if (entry['bbox'] === undefined) this.box.set(rleBox(rle));
    else copyNumbers(entry['bbox'], 4, this.box, 0, 'bbox', this.name);
    return rleArea(rle);
  }

  finish(): ResultsTable {
    const { path, image, category, score, area, boxes, keypoints, masks } = this;
    return {
      path,
      count: image.length,
      byImage: groupByImage(image.values, image.length, this.table.images.length),
      category: category.values,
      score: score.values,
      area: area.values,
      boxes: boxes.values,
      keypoints: keypoints.values,
      masks,
    };
  }
}

function areaSource(entry: Record<string, unknown>): 'bbox' | 'segmentation' | 'keypoints' {
  const box = entry['bbox'];
  if (box !== undefined && !(Array.isArray(box) && box.length === 0)) return 'bbox';
  return entry['segmentation'] !== undefined || entry['keypoints'] === undefined
    ? 'segmentation'
    : 'keypoints';
}

/** The compressed string of a mask; one that is compressed already is kept as it is, once its size is right. */
function compressedMask(segmentation: unknown, image: ImageInfo, name: () => string): string {
  if (
    isCompressed(segmentation) &&
    segmentation.size[0] === image.height &&
    segmentation.size[1] === image.width
  ) {
    return segmentation.counts;
  }
  return rleToString(parseMask(segmentation, image, name));
}

function isCompressed(segmentation: unknown): segmentation is { size: unknown[]; counts: string } {
  return (
    typeof segmentation === 'object' &&
    segmentation !== null &&
    'counts' in segmentation &&
    typeof segmentation.counts === 'string' &&
    'size' in segmentation &&
    Array.isArray(segmentation.size)
  );
}

function parseMask(
  segmentation: unknown,
  image: ImageInfo,
  name: () => string,
): ReturnType<typeof parseSegmentation> {
  if (segmentation === undefined) throw invalidArgument(`${name()}.segmentation is missing`);
  try {
    return parseSegmentation(segmentation, image.height, image.width);
  } catch (error) {
    throw invalidArgument(`${name()}: ${errorMessage(error)}`, { cause: error });
  }
}
