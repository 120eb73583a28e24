import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { TeacherOutput_Format as Format, type TeacherOutput } from '@cassl/proto';
import { boxesReader } from './boxes-reader.ts';
import { detrReader } from './detr-reader.ts';
import type { OutputReader } from './found-object.ts';
import type { TensorSpec } from './tensor-model.ts';
import { yoloReader } from './yolo-reader.ts';

/**
 * The reader of a model's outputs: the one that is named, or the one that their names and shapes say.
 * @throws INVALID_ARGUMENT for a name that the model does not have; FAILED_PRECONDITION where no form fits
 */
export function openOutputReader(
  specs: readonly TensorSpec[],
  settings: TeacherOutput | undefined,
): OutputReader {
  checkNames(specs, settings);
  const format = settings?.format || guess(specs, settings);
  switch (format) {
    case Format.FORMAT_BOXES:
      return boxesReader(specs, settings);
    case Format.FORMAT_YOLO:
      return yoloReader(specs, settings, { hasObjectness: false });
    case Format.FORMAT_YOLO_OBJECTNESS:
      return yoloReader(specs, settings, { hasObjectness: true });
    case Format.FORMAT_DETR:
      return detrReader(specs, settings, 'softmax');
    case Format.FORMAT_DETR_SIGMOID:
      return detrReader(specs, settings, 'sigmoid');
    default:
      throw failedPrecondition(
        `the teacher's outputs are of no known form: ${listOf(specs)}; name the form in Teacher.output.format`,
      );
  }
}

function guess(specs: readonly TensorSpec[], settings: TeacherOutput | undefined): Format {
  const has = (name: string): boolean => specs.some((spec) => spec.name === name);
  if (has(settings?.boxes || 'boxes') && has(settings?.scores || 'scores')) return Format.FORMAT_BOXES;
  if (has('logits') && has('pred_boxes')) return Format.FORMAT_DETR;
  const [only, ...others] = specs;
  if (only?.shape.length === 3 && others.length === 0) {
    const [, rows = -1, columns = -1] = only.shape;
    // [B, 4 + C, N] of YOLOv8 and later; [B, N, 5 + C] before.
    if (rows > 4 && (columns < 0 || columns > rows)) return Format.FORMAT_YOLO;
    if (columns > 5 && (rows < 0 || rows > columns)) return Format.FORMAT_YOLO_OBJECTNESS;
  }
  return Format.FORMAT_UNSPECIFIED;
}

function checkNames(specs: readonly TensorSpec[], settings: TeacherOutput | undefined): void {
  for (const field of ['boxes', 'scores', 'labels', 'masks', 'counts'] as const) {
    const name = settings?.[field] ?? '';
    if (name === '' || specs.some((spec) => spec.name === name)) continue;
    throw invalidArgument(
      `Teacher.output.${field}: the model has no output ${JSON.stringify(name)}, but ${listOf(specs)}`,
    );
  }
}

function listOf(specs: readonly TensorSpec[]): string {
  return specs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join('; ');
}
