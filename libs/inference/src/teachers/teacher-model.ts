import type { PreparedImage } from '@cassl/detector';
import type { Teacher } from '@cassl/proto';
import { nonMaximumSuppression, rleArea, type Detection } from '@cassl/vision';
import { applyOptions } from '../models/apply-options.ts';
import type { BatchModel } from '../models/batch-model.ts';
import type { FoundObject, PlacedImage } from './found-object.ts';
import { openImageInput } from './image-input.ts';
import { openOutputReader } from './open-output-reader.ts';
import type { Tensor, TensorModel } from './tensor-model.ts';

/** IoU above which the less certain of two goes, for outputs that find things several times. */
const DEFAULT_SUPPRESSION = 0.6;

export interface TeacherModelOptions {
  /** Keep the teacher's classes; otherwise all are one, and suppress each other. @default false */
  readonly classSpecific?: boolean;
}

/**
 * A detector from elsewhere as the pipeline sees it.
 * @throws FAILED_PRECONDITION where its tensors are of no known form; INVALID_ARGUMENT for settings that do not fit it
 */
export function createTeacherModel(
  tensors: TensorModel,
  { input: inputSettings, output: outputSettings }: Pick<Teacher, 'input' | 'output'>,
  { classSpecific = false }: TeacherModelOptions = {},
): BatchModel {
  const input = openImageInput(tensors.inputs, inputSettings);
  const reader = openOutputReader(tensors.outputs, outputSettings);
  const iouThreshold =
    outputSettings?.suppression || (reader.needsSuppression ? DEFAULT_SUPPRESSION : undefined);

  const runOnce = async (images: readonly PreparedImage[], threshold: number): Promise<FoundObject[][]> => {
    const outputs: ReadonlyMap<string, Tensor> = await tensors.run(
      { name: input.name, tensor: await input.toTensor(images) },
      reader.names,
    );
    return reader.read(outputs, images.map(placed), threshold);
  };
  const placed = ({ original }: PreparedImage): PlacedImage => ({ original, fit: input.fit(original) });
  const run = async (images: readonly PreparedImage[], threshold: number): Promise<FoundObject[][]> => {
    if (!input.isSingle || images.length === 1) return runOnce(images, threshold);
    const found: FoundObject[][] = [];
    for (const image of images) found.push(...(await runOnce([image], threshold)));
    return found;
  };
  return {
    fit: input.fit,
    async detect(images, options) {
      const startedAt = performance.now();
      const found = await run(images, Math.min(...options.map(({ threshold }) => threshold)));
      const computedAt = performance.now();
      const detections = options.map((wanted, index) => {
        const image = images[index];
        if (image === undefined) return [];
        const objects = (found[index] ?? []).map((object) =>
          classSpecific ? object : { ...object, category: 0 },
        );
        const kept = best(objects, { iouThreshold, limit: wanted.maxDetections });
        return applyOptions(toDetections(kept, placed(image)), wanted);
      });
      return { detections, computeMs: computedAt - startedAt, outputMs: performance.now() - computedAt };
    },
    warmUp: () => Promise.resolve(),
    dispose: () => tensors.close(),
    config: undefined,
    engine: tensors.engine,
  };
}

/** Best first, without those that lie on better ones of their class. */
function best(
  objects: readonly FoundObject[],
  { iouThreshold, limit }: { readonly iouThreshold: number | undefined; readonly limit: number },
): FoundObject[] {
  if (iouThreshold === undefined) return [...objects].sort((a, b) => b.score - a.score).slice(0, limit);
  const kept = nonMaximumSuppression({
    boxes: Float64Array.from(objects.flatMap(({ box }) => [...box])),
    scores: objects.map(({ score }) => score),
    groups: objects.map(({ category }) => category),
    iouThreshold,
    limit,
  });
  return [...kept.subarray(0, limit)].flatMap((index) => objects[index] ?? []);
}

/** In pixels of the image as given; what lies outside of it, or has no area there, goes. */
function toDetections(objects: readonly FoundObject[], { fit, original }: PlacedImage): Detection[] {
  const scale = [original.width / fit.resized.width, original.height / fit.resized.height];
  const limit = [original.width, original.height];
  return objects.flatMap(({ box: given, score, category, mask }) => {
    const box = given.map((value, side) =>
      Math.min(limit[side % 2] ?? 0, Math.max(0, value * (scale[side % 2] ?? 1))),
    ) as [number, number, number, number];
    if (!(box[2] > box[0] && box[3] > box[1])) return [];
    if (mask === undefined) return [{ box, score, category }];
    return rleArea(mask) === 0 ? [] : [{ box, score, category, mask }];
  });
}
