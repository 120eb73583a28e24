import { failedPrecondition } from '@cassl/errors';
import type { TeacherOutput } from '@cassl/proto';
import { encodeMask, rleFromString, type Rle } from '@cassl/vision';
import type { FoundObject, OutputReader, PlacedImage } from './found-object.ts';
import { elementCount, type Tensor, type TensorSpec } from './tensor-model.ts';

/**
 * Finished detections: `boxes` [B, N, 4] or [N, 4] as x1, y1, x2, y2, `scores`, and where they are there `labels`, counts and masks. As
 * torchvision, mmdeploy and cassl's own graphs and endpoints give them.
 */
export function boxesReader(specs: readonly TensorSpec[], settings: TeacherOutput | undefined): OutputReader {
  const pick = (given: string | undefined, usual: readonly string[]): string | undefined =>
    given || usual.find((name) => specs.some((spec) => spec.name === name));
  const names = {
    boxes: pick(settings?.boxes, ['boxes']) ?? 'boxes',
    scores: pick(settings?.scores, ['scores']) ?? 'scores',
    labels: pick(settings?.labels, ['labels']),
    counts: pick(settings?.counts, ['counts', 'num_detections', 'num_dets']),
    masks: pick(settings?.masks, ['masks']),
  };
  return {
    names: Object.values(names).filter((name) => name !== undefined),
    needsSuppression: false,
    read(outputs, images, threshold) {
      const boxes = numbers(outputs, names.boxes);
      const scores = numbers(outputs, names.scores);
      const labels = names.labels === undefined ? undefined : numbers(outputs, names.labels);
      const counts = names.counts === undefined ? undefined : numbers(outputs, names.counts);
      const places = elementCount(scores.shape) / images.length;
      const maskOf =
        names.masks === undefined ? undefined : maskReader(names.masks, outputs.get(names.masks));
      return images.map((image, index) => {
        const used = Math.min(places, counts === undefined ? places : Number(counts.values[index]));
        return Array.from({ length: used }, (_, place) => index * places + place).flatMap(
          (at): FoundObject[] => {
            const score = Number(scores.values[at]);
            if (!(score > threshold)) return [];
            const inInput = isOfOriginal(settings, names.masks, outputs) ? toInput(image) : { x: 1, y: 1 };
            const side = (offset: number): number =>
              Number(boxes.values[at * 4 + offset]) * (offset % 2 === 0 ? inInput.x : inInput.y);
            const box = [side(0), side(1), side(2), side(3)] as const;
            const category = labels === undefined ? 0 : Number(labels.values[at]);
            return [{ box, score, category, mask: maskOf?.(at, image) }];
          },
        );
      });
    },
  };
}

interface Numbers {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | bigint>;
}

function numbers(outputs: ReadonlyMap<string, Tensor>, name: string): Numbers {
  const tensor = outputs.get(name);
  if (tensor === undefined || Array.isArray(tensor.values)) {
    throw failedPrecondition(`the teacher's output ${name} must be of numbers`);
  }
  return { shape: tensor.shape, values: tensor.values as Float32Array };
}

/** Endpoints that take files or whole pictures answer in the picture's own pixels, as their run lengths show. */
function isOfOriginal(
  settings: TeacherOutput | undefined,
  masks: string | undefined,
  outputs: ReadonlyMap<string, Tensor>,
): boolean {
  return (
    settings?.boxesOfOriginal === true || (masks !== undefined && outputs.get(masks)?.datatype === 'BYTES')
  );
}

function toInput({ fit, original }: PlacedImage): { readonly x: number; readonly y: number } {
  return { x: fit.resized.width / original.width, y: fit.resized.height / original.height };
}

const MASK_THRESHOLD = 0.5;

/** COCO run lengths of the picture, or probabilities [.., N, (1,) h, w] over the whole input. */
function maskReader(
  name: string,
  tensor: Tensor | undefined,
): ((at: number, image: PlacedImage) => Rle | undefined) | undefined {
  if (tensor === undefined) return undefined;
  const { values, shape } = tensor;
  if (tensor.datatype === 'BYTES') {
    const texts = values as readonly Uint8Array[];
    return (at, { original }) => {
      const text = Buffer.from(texts[at] ?? []).toString('latin1');
      return text === '' ? undefined : rleFromString(text, original.height, original.width);
    };
  }
  if (!(values instanceof Float32Array) || shape.length < 3) {
    throw failedPrecondition(
      `the teacher's output ${name} must be FP32 [.., N, h, w] or BYTES, got ${tensor.datatype} [${shape.join(', ')}]`,
    );
  }
  const [height = 0, width = 0] = shape.slice(-2);
  return (at, image) =>
    enlarge(
      { values: values.subarray(at * height * width, (at + 1) * height * width), height, width },
      image,
    );
}

interface MaskMap {
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Half-pixel bilinear from the map to the picture; the map spans the whole input, of which the picture is the top left part. */
function enlarge({ values, height, width }: MaskMap, { fit, original }: PlacedImage): Rle {
  const data = new Uint8Array(original.width * original.height);
  const stepX = (fit.resized.width / original.width) * (width / fit.padded.width);
  const stepY = (fit.resized.height / original.height) * (height / fit.padded.height);
  for (let y = 0, at = 0; y < original.height; y++) {
    const [top, bottom, below] = around((y + 0.5) * stepY - 0.5, height);
    for (let x = 0; x < original.width; x++, at++) {
      const [left, right, beside] = around((x + 0.5) * stepX - 0.5, width);
      const value = (row: number): number =>
        (values[row * width + left] ?? 0) * (1 - beside) + (values[row * width + right] ?? 0) * beside;
      data[at] = value(top) * (1 - below) + value(bottom) * below > MASK_THRESHOLD ? 1 : 0;
    }
  }
  return encodeMask({ width: original.width, height: original.height, data });
}

function around(position: number, length: number): readonly [low: number, high: number, share: number] {
  const clamped = Math.min(Math.max(position, 0), length - 1);
  const low = Math.floor(clamped);
  return [low, Math.min(low + 1, length - 1), clamped - low];
}
