import type { FittedSize, PreparedImage } from '@cassl/detector';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import type { TeacherInput } from '@cassl/proto';
import { encodePng, type ImageSize } from '@cassl/vision';
import { placePixels } from '../models/onnx/place-pixels.ts';
import type { Tensor, TensorSpec } from './tensor-model.ts';

/** Sides that a graph of any size is given where nobody says: what detectors are trained at. */
const DEFAULT_SIDES = { shortSide: 800, longSide: 1333 };
const DIVISOR = 32;
/** What letterboxed training fills with. */
const DEFAULT_PADDING = 114;

/** How pictures enter a model from elsewhere. */
export interface ImageInput {
  readonly name: string;
  /** Whether a call takes one image at most. */
  readonly isSingle: boolean;
  readonly fit: (original: ImageSize) => FittedSize;
  toTensor(images: readonly PreparedImage[]): Promise<Tensor>;
}

/**
 * Takes the input that fits an image: `[B, 3, H, W]`, `[B, H, W, 3]` or one of them without `B`, of FP32 or UINT8, or BYTES of encoded files.
 * @throws FAILED_PRECONDITION where the model has no such input; INVALID_ARGUMENT for settings that cannot be
 */
export function openImageInput(specs: readonly TensorSpec[], settings: TeacherInput | undefined): ImageInput {
  const spec = findInput(specs, settings?.name ?? '');
  if (spec.datatype === 'BYTES') return encodedInput(spec);
  const { isChannelsFirst, isBatched, batch, height, width } = layoutOf(spec);
  const fit = fitter({ width, height }, settings);
  const normalise = normaliser(spec, settings);
  const padding = Array<number>(3).fill(settings?.padding ?? DEFAULT_PADDING);
  return {
    name: spec.name,
    isSingle: !isBatched || batch === 1,
    fit,
    toTensor(images) {
      const { values, shape } = placePixels(
        images,
        images.map(({ original }) => fit(original)),
        padding,
      );
      const [count, , rows, columns] = shape;
      normalise(values, rows * columns);
      const ordered = isChannelsFirst ? values : channelsLast(values, count, rows * columns);
      const whole = isChannelsFirst ? [count, 3, rows, columns] : [count, rows, columns, 3];
      return Promise.resolve({
        datatype: spec.datatype,
        shape: isBatched ? whole : whole.slice(1),
        values: spec.datatype === 'UINT8' ? Uint8Array.from(ordered, Math.round) : ordered,
      });
    },
  };
}

function findInput(specs: readonly TensorSpec[], name: string): TensorSpec {
  const listed = specs.map((spec) => `${spec.name} ${spec.datatype} [${spec.shape.join(', ')}]`).join('; ');
  if (name !== '') {
    const named = specs.find((spec) => spec.name === name);
    if (named !== undefined) return named;
    throw invalidArgument(
      `Teacher.input.name: the model has no input ${JSON.stringify(name)}, but ${listed}`,
    );
  }
  // Files first: a server that takes them places them itself, as its model was trained.
  const found =
    specs.find(({ datatype }) => datatype === 'BYTES') ??
    specs.find((spec) => channelAxis(spec) !== undefined);
  if (found !== undefined) return found;
  throw failedPrecondition(`the teacher has no input for images: ${listed}`);
}

function channelAxis({ shape }: TensorSpec): 'first' | 'last' | undefined {
  const image = shape.slice(-3);
  if (image.length < 3 || shape.length > 4) return undefined;
  if (image[2] === 3 && image[0] !== 3) return 'last';
  return image[0] === 3 || image[0] === -1 ? 'first' : undefined;
}

function layoutOf(spec: TensorSpec): {
  readonly isChannelsFirst: boolean;
  readonly isBatched: boolean;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
} {
  const axis = channelAxis(spec);
  if (axis === undefined || !['FP32', 'UINT8'].includes(spec.datatype)) {
    throw failedPrecondition(
      `the teacher's input ${spec.name} is ${spec.datatype} [${spec.shape.join(', ')}]; images are FP32 or UINT8, [B, 3, H, W] or [B, H, W, 3]`,
    );
  }
  const isBatched = spec.shape.length === 4;
  const [a = -1, b = -1, c = -1] = spec.shape.slice(-3);
  const [height, width] = axis === 'first' ? [b, c] : [a, b];
  return {
    isChannelsFirst: axis === 'first',
    isBatched,
    batch: isBatched ? (spec.shape[0] ?? -1) : 1,
    height,
    width,
  };
}

function fitter(fixed: ImageSize, settings: TeacherInput | undefined): (original: ImageSize) => FittedSize {
  const isFixed = fixed.width > 0 && fixed.height > 0;
  const shortSide = settings?.shortSide || DEFAULT_SIDES.shortSide;
  const longSide = Math.max(shortSide, settings?.longSide || DEFAULT_SIDES.longSide);
  return ({ width, height }) => {
    if (isFixed && settings?.stretch === true) return { resized: fixed, padded: fixed };
    const scale = isFixed
      ? Math.min(fixed.width / width, fixed.height / height)
      : Math.min(shortSide / Math.min(width, height), longSide / Math.max(width, height));
    const side = (length: number): number => Math.max(1, Math.round(length * scale));
    const resized = { width: side(width), height: side(height) };
    const up = (length: number): number => Math.ceil(length / DIVISOR) * DIVISOR;
    return { resized, padded: isFixed ? fixed : { width: up(resized.width), height: up(resized.height) } };
  };
}

/** In place, over `[B, 3, H, W]` of 0–255 in RGB: order of channels, factor, mean and deviation. */
function normaliser(
  { datatype }: TensorSpec,
  settings: TeacherInput | undefined,
): (values: Float32Array, area: number) => void {
  const factor = settings?.scale || (datatype === 'UINT8' ? 1 : 1 / 255);
  const [mean, std] = [settings?.mean ?? [], settings?.std ?? []];
  for (const [field, list] of [
    ['mean', mean],
    ['std', std],
  ] as const) {
    if (list.length !== 0 && list.length !== 3)
      throw invalidArgument(`Teacher.input.${field} must be three numbers or none, got ${list.length}`);
  }
  if (std.some((value) => !(value > 0)))
    throw invalidArgument(`Teacher.input.std must be above 0, got ${std.join(', ')}`);
  return (values, area) => {
    if (settings?.bgr === true) swapEnds(values, area);
    for (let at = 0; at < values.length; at++) {
      const channel = Math.floor(at / area) % 3;
      values[at] = ((values[at] ?? 0) * factor - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    }
  };
}

function swapEnds(values: Float32Array, area: number): void {
  for (let start = 0; start < values.length; start += 3 * area) {
    const red = values.slice(start, start + area);
    values.copyWithin(start, start + 2 * area, start + 3 * area);
    values.set(red, start + 2 * area);
  }
}

function channelsLast(values: Float32Array, count: number, area: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = (image * 3 + channel) * area;
      const to = image * 3 * area + channel;
      for (let at = 0; at < area; at++) out[to + at * 3] = values[from + at] ?? 0;
    }
  }
  return out;
}

/** Files as they would lie on a disk: PNG, because nothing is lost in it. */
function encodedInput({ name, shape }: TensorSpec): ImageInput {
  return {
    name,
    isSingle: shape.at(-1) === 1 && shape.length === 1,
    fit: ({ width, height }) => ({ resized: { width, height }, padded: { width, height } }),
    async toTensor(images) {
      const values = await Promise.all(images.map(({ pixels }) => encodePng(pixels)));
      return { datatype: 'BYTES', shape: shape.length > 1 ? [values.length, 1] : [values.length], values };
    },
  };
}
