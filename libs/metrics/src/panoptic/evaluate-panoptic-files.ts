import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import { readPngIds, type IdMap } from '@cassl/vision';
import {
  cocoIdField,
  finiteField,
  objectEntry,
  readJsonArrays,
  textField,
  unknownId,
  type CocoId,
} from '@cassl/coco';
import {
  createPanopticEvaluator,
  type PanopticCategory,
  type PanopticSegment,
  type PanopticSummary,
} from './panoptic-quality.ts';

export interface EvaluatePanopticFilesOptions {
  /** Path of a COCO panoptic JSON file. */
  readonly groundTruth: string;
  /** Folder of its PNG files. */
  readonly groundTruthFolder: string;
  readonly results: string;
  readonly resultsFolder: string;
}

/**
 * Panoptic quality of two COCO panoptic files with their PNG folders.
 * @throws INVALID_ARGUMENT or NOT_FOUND naming file, entry and field; every image of the ground truth needs a prediction.
 */
export async function evaluatePanopticFiles(options: EvaluatePanopticFilesOptions): Promise<PanopticSummary> {
  const gts = await readPanopticFile(options.groundTruth);
  if (gts.categories.length === 0) {
    throw invalidArgument(`${options.groundTruth} has no list 'categories'; it is not a COCO panoptic file`);
  }
  const dts = await readPanopticFile(options.results);
  for (const [imageId, { name }] of dts.annotations) {
    if (!gts.annotations.has(imageId)) {
      throw invalidArgument(
        `${name}.image_id ${unknownId(imageId, gts.annotations, "the ground truth's images")}`,
      );
    }
  }
  const evaluator = createPanopticEvaluator(gts.categories);
  for (const [imageId, gt] of gts.annotations) {
    const dt = dts.annotations.get(imageId);
    if (dt === undefined) throw invalidArgument(`${options.results} has no annotation of image ${imageId}`);
    const [gtMap, dtMap] = await Promise.all([
      readIds(join(options.groundTruthFolder, gt.fileName)),
      readIds(join(options.resultsFolder, dt.fileName)),
    ]);
    evaluator.addImage({
      imageId,
      groundTruth: { map: gtMap, segments: gt.segments },
      prediction: { map: dtMap, segments: dt.segments },
    });
  }
  return evaluator.summarize();
}

interface PanopticAnnotation {
  /** Where it stands, for messages. */
  readonly name: string;
  readonly fileName: string;
  readonly segments: readonly PanopticSegment[];
}

interface PanopticFile {
  readonly annotations: ReadonlyMap<CocoId, PanopticAnnotation>;
  readonly categories: readonly PanopticCategory[];
}

async function readPanopticFile(path: string): Promise<PanopticFile> {
  const annotations = new Map<CocoId, PanopticAnnotation>();
  const categories: PanopticCategory[] = [];
  let hasAnnotations = false;
  await readJsonArrays(path, {
    annotations: (elements, first) => {
      hasAnnotations = true;
      elements.forEach((element, i) => {
        const name = (): string => `${path}: annotations[${first + i}]`;
        const entry = objectEntry(element, name);
        const imageId = cocoIdField(entry, 'image_id', name);
        if (annotations.has(imageId))
          throw invalidArgument(`${name()}.image_id ${imageId} occurs more than once`);
        annotations.set(imageId, {
          name: name(),
          fileName: textField(entry, 'file_name', name),
          segments: segmentsOf(entry, name),
        });
      });
    },
    categories: (elements, first) => {
      elements.forEach((element, i) => {
        const name = (): string => `${path}: categories[${first + i}]`;
        const entry = objectEntry(element, name);
        const id = finiteField(entry, 'id', name);
        categories.push({
          id,
          name: typeof entry['name'] === 'string' ? entry['name'] : `${id}`,
          isThing: finiteField(entry, 'isthing', name) === 1,
        });
      });
    },
  });
  if (!hasAnnotations)
    throw invalidArgument(`${path} has no list 'annotations'; it is not a COCO panoptic file`);
  return { annotations, categories };
}

function segmentsOf(entry: Record<string, unknown>, name: () => string): PanopticSegment[] {
  const list = entry['segments_info'];
  if (!Array.isArray(list)) throw invalidArgument(`${name()}.segments_info must be a list`);
  return list.map((element: unknown, i) => {
    const segmentName = (): string => `${name()}.segments_info[${i}]`;
    const segment = objectEntry(element, segmentName);
    return {
      id: finiteField(segment, 'id', segmentName),
      categoryId: finiteField(segment, 'category_id', segmentName),
      crowd: segment['iscrowd'] === 1 || segment['iscrowd'] === true,
    };
  });
}

async function readIds(path: string): Promise<IdMap> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw notFound(`${path} cannot be read: ${errorMessage(cause)}`, { cause });
  });
  try {
    return await readPngIds(bytes);
  } catch (error) {
    throw invalidArgument(`${path}: ${errorMessage(error)}`, { cause: error });
  }
}
