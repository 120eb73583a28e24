import {
  brief,
  cocoIdField,
  compareIds,
  copyNumbers,
  crowdOf,
  crowdProblem,
  finiteField,
  isCocoId,
  listedArea,
  objectEntry,
  readJsonArrays,
  unknownId,
  type CocoId,
} from '@cassl/coco';
import { errorMessage, invalidArgument } from '@cassl/errors';
import { parseSegmentation } from '@cassl/vision';
import type { EvaluatedCategory } from '../coco/coco-evaluator.ts';
import type { EvaluationType } from '../coco/evaluation-protocol.ts';
import { CROWD, ID_ZERO, IGNORE } from '../coco/image-columns.ts';
import { MaskStore } from '../coco/mask-store.ts';
import { IndexColumn, NumberColumn } from './growing.ts';
import { groupByImage, type RowsByImage } from './group-by-image.ts';

export interface ImageInfo {
  readonly id: CocoId;
  /** 0 where the file does not say. */
  readonly height: number;
  readonly width: number;
}

/** The images of a COCO file by rising id, as they are pooled. */
export interface ImageTable {
  readonly images: readonly ImageInfo[];
  readonly indexOf: ReadonlyMap<CocoId, number>;
  /** By rising id; an index in this list is a category index. */
  readonly categories: readonly EvaluatedCategory[];
  readonly categoryIndexOf: ReadonlyMap<CocoId, number>;
}

/** A COCO ground truth as columns, one row per annotation in file order. */
export interface GroundTruthTable extends ImageTable {
  readonly byImage: RowsByImage;
  readonly category: Int32Array;
  readonly area: Float64Array;
  readonly flags: Uint8Array;
  /** xywh */
  readonly boxes: Float64Array;
  /** segm only: mask of row i. */
  readonly masks: MaskStore;
  /** keypoints only: `points * 3` numbers per row. */
  readonly keypoints: Float64Array;
  /** What was left out, one line each. */
  readonly warnings: readonly string[];
}

export interface ReadGroundTruthOptions {
  readonly type: EvaluationType;
  /** Numbers per annotation's `keypoints`. */
  readonly keypointLength: number;
}

/**
 * Reads a COCO instances or keypoints file. Annotations of images or categories that the file does not list are left out
 * with a warning, as pycocotools does without one.
 * @throws INVALID_ARGUMENT naming file, entry and field: not JSON, ids that occur twice, missing or wrong fields.
 */
export async function readGroundTruth(
  path: string,
  options: ReadGroundTruthOptions,
): Promise<GroundTruthTable> {
  const table = await readImageTable(path);
  const reader = new AnnotationReader(path, table, options);
  let hasAnnotations = false;
  await readJsonArrays(path, {
    annotations: (elements, first) => {
      hasAnnotations = true;
      elements.forEach((element, i) => reader.add(element, first + i));
    },
  });
  if (!hasAnnotations) throw missingList(path, 'annotations');
  return reader.finish();
}

/** Images and categories of a COCO file. Masks need their image's size, and a file may list its images last. */
async function readImageTable(path: string): Promise<ImageTable> {
  const images: ImageInfo[] = [];
  const categories: EvaluatedCategory[] = [];
  let [hasImages, hasCategories] = [false, false];
  await readJsonArrays(path, {
    images: (elements, first) => {
      hasImages = true;
      elements.forEach((element, i) =>
        images.push(imageInfo(element, () => `${path}: images[${first + i}]`)),
      );
    },
    categories: (elements, first) => {
      hasCategories = true;
      elements.forEach((element, i) =>
        categories.push(categoryOf(element, () => `${path}: categories[${first + i}]`)),
      );
    },
  });
  if (!hasImages) throw missingList(path, 'images');
  if (!hasCategories) throw missingList(path, 'categories');
  images.sort((a, b) => compareIds(a.id, b.id));
  categories.sort((a, b) => compareIds(a.id, b.id));
  return {
    images,
    indexOf: indexIds(images, `${path}: image`),
    categories,
    categoryIndexOf: indexIds(categories, `${path}: category`),
  };
}

function imageInfo(element: unknown, name: () => string): ImageInfo {
  const image = objectEntry(element, name);
  const side = (field: 'height' | 'width'): number => {
    const value = image[field] ?? 0;
    if (Number.isInteger(value)) return value as number;
    throw invalidArgument(`${name()}.${field} must be a whole number, got ${brief(value)}`);
  };
  return { id: cocoIdField(image, 'id', name), height: side('height'), width: side('width') };
}

function categoryOf(element: unknown, name: () => string): EvaluatedCategory {
  const category = objectEntry(element, name);
  const id = cocoIdField(category, 'id', name);
  return { id, name: typeof category['name'] === 'string' ? category['name'] : `${id}` };
}

function missingList(path: string, list: string): Error {
  return invalidArgument(`${path} has no list '${list}'; it is not a COCO ground truth`);
}

function indexIds(entries: readonly { readonly id: CocoId }[], name: string): Map<CocoId, number> {
  const indexOf = new Map(entries.map(({ id }, index) => [id, index]));
  if (indexOf.size < entries.length) {
    const twice = entries.find(({ id }, index) => indexOf.get(id) !== index);
    throw invalidArgument(`${name} id ${twice?.id} occurs more than once`);
  }
  return indexOf;
}

class AnnotationReader {
  private readonly path: string;
  private readonly table: ImageTable;
  private readonly options: ReadGroundTruthOptions;
  private readonly ids = new Set<CocoId>();
  private readonly image = new IndexColumn();
  private readonly category = new IndexColumn();
  private readonly flags = new IndexColumn();
  private readonly area = new NumberColumn();
  private readonly boxes = new NumberColumn();
  private readonly keypoints = new NumberColumn();
  private readonly masks = new MaskStore();
  private strayImages = 0;
  private strayCategories = 0;
  private zeroIds = 0;
  private oddIds = 0;
  private measuredAreas = 0;

  constructor(path: string, table: ImageTable, options: ReadGroundTruthOptions) {
    this.path = path;
    this.table = table;
    this.options = options;
  }

  add(element: unknown, index: number): void {
    const name = (): string => `${this.path}: annotations[${index}]`;
    const entry = objectEntry(element, name);
    const id = this.takeId(entry, name);
    const image = this.place(entry, 'image_id', this.table.indexOf, name);
    const category = this.place(entry, 'category_id', this.table.categoryIndexOf, name);
    if (image === undefined) this.strayImages++;
    else if (category === undefined) this.strayCategories++;
    if (image === undefined || category === undefined) return;

    const crowd = crowdOf(entry);
    if (crowd === undefined) throw invalidArgument(`${name()}.${crowdProblem(entry)}`);
    this.image.push(image);
    this.category.push(category);
    if (id === 0) this.zeroIds++;
    const unlabeled = this.addGeometry(entry, this.table.images[image]!, name);
    this.area.push(this.areaOf(entry, name));
    this.flags.push((crowd ? CROWD | IGNORE : 0) | (unlabeled ? IGNORE : 0) | (id === 0 ? ID_ZERO : 0));
  }

  /** Null is no id, as none is; ids that repeat are refused, since pycocotools would keep the last annotation alone. */
  private takeId({ id }: Record<string, unknown>, name: () => string): CocoId | undefined {
    if (id === undefined || id === null) return undefined;
    if (!isCocoId(id)) {
      this.oddIds++;
      return undefined;
    }
    if (this.ids.has(id)) throw invalidArgument(`${name()}.id ${id} occurs more than once`);
    this.ids.add(id);
    return id;
  }

  /** Undefined for an id that the file does not list. @throws INVALID_ARGUMENT where a text meets numbers */
  private place(
    entry: Record<string, unknown>,
    field: 'image_id' | 'category_id',
    known: ReadonlyMap<CocoId, number>,
    name: () => string,
  ): number | undefined {
    const id = cocoIdField(entry, field, name);
    const place = known.get(id);
    if (place === undefined && known.size > 0) {
      const [first] = known.keys();
      if ((typeof first === 'string') !== (typeof id === 'string'))
        throw invalidArgument(
          `${name()}.${field} ${unknownId(id, known, `this file's ${field === 'image_id' ? 'images' : 'categories'}`)}`,
        );
    }
    return place;
  }

  /** As listed; measured on the geometry just added where the file has none. */
  private areaOf(entry: Record<string, unknown>, name: () => string): number {
    const listed = listedArea(entry);
    if (listed !== undefined) {
      if (Number.isNaN(listed))
        throw invalidArgument(`${name()}.area must be a finite number, got ${brief(entry['area'])}`);
      return listed;
    }
    this.measuredAreas++;
    if (this.options.type === 'segm') return this.masks.areas[this.masks.count - 1]!;
    const at = this.boxes.length - 4;
    return this.boxes.values[at + 2]! * this.boxes.values[at + 3]!;
  }

  /** Takes what the type compares; returns whether a person has no labeled keypoint. */
  private addGeometry(entry: Record<string, unknown>, image: ImageInfo, name: () => string): boolean {
    const { type, keypointLength } = this.options;
    if (type === 'segm') {
      addMask(this.masks, entry['segmentation'], image, name);
      return false;
    }
    const box = this.boxes.extend(4);
    copyNumbers(entry['bbox'], 4, this.boxes.values, box, 'bbox', name);
    if (type === 'bbox') return false;
    const at = this.keypoints.extend(keypointLength);
    copyNumbers(entry['keypoints'], keypointLength, this.keypoints.values, at, 'keypoints', name);
    if (entry['num_keypoints'] !== undefined) return finiteField(entry, 'num_keypoints', name) === 0;
    for (let i = at + 2; i < at + keypointLength; i += 3) if (this.keypoints.values[i]! > 0) return false;
    return true;
  }

  finish(): GroundTruthTable {
    const { image, category, area, flags, boxes, keypoints, masks } = this;
    const warnings = [
      [this.strayImages, 'annotations name images that are not in its list; they are left out'],
      [this.strayCategories, 'annotations name categories that are not in its list; they are left out'],
      [this.measuredAreas, 'annotations have no area; it was measured on their mask or box'],
      [
        this.oddIds,
        'annotations have an id that is neither a whole number nor a text; they are kept without it',
      ],
      [this.zeroIds, 'annotation has the id 0: as in pycocotools, whatever finds it counts as unmatched'],
    ] as const;
    return {
      ...this.table,
      byImage: groupByImage(image.values, image.length, this.table.images.length),
      category: category.values,
      area: area.values,
      flags: Uint8Array.from(flags.values.subarray(0, flags.length)),
      boxes: boxes.values,
      masks,
      keypoints: keypoints.values,
      warnings: warnings
        .filter(([count]) => count > 0)
        .map(([count, text]) => `${this.path}: ${count} ${text}`),
    };
  }
}

/** Adds an entry's mask to the store. @throws INVALID_ARGUMENT naming the entry. */
function addMask(store: MaskStore, segmentation: unknown, image: ImageInfo, name: () => string): void {
  if (image.height <= 0 || image.width <= 0) {
    throw invalidArgument(
      `image ${image.id} must have a height and a width above 0 for masks, got ${image.height} x ${image.width}`,
    );
  }
  try {
    const { counts } = parseSegmentation(segmentation, image.height, image.width);
    const start = store.reserve(counts.length);
    store.runs.set(counts, start);
    store.push(start + counts.length, image.height);
  } catch (error) {
    throw invalidArgument(`${name()}: ${errorMessage(error)}`, { cause: error });
  }
}
