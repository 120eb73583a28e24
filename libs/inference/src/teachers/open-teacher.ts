import { invalidArgument } from '@cassl/errors';
import type { Teacher } from '@cassl/proto';
import { readAddress } from '@cassl/storage';
import type { BatchModel } from '../models/batch-model.ts';
import { createTeacherModel, type TeacherModelOptions } from './teacher-model.ts';
import type { TensorModel } from './tensor-model.ts';

/** Of an ONNX file: protobuf's own limit. */
export const MAX_TEACHER_BYTES = 2 ** 31 - 1;

/**
 * Opens a detector from elsewhere in this process.
 * @throws as {@link createTeacherModel}; NOT_FOUND, PERMISSION_DENIED for its address; UNAVAILABLE where its endpoint is away
 */
export async function openTeacher(
  teacher: Teacher,
  options: TeacherModelOptions & { readonly signal?: AbortSignal } = {},
): Promise<BatchModel> {
  const tensors = await openTensors(teacher, options.signal);
  try {
    return createTeacherModel(tensors, teacher, options);
  } catch (error) {
    tensors.close();
    throw error;
  }
}

async function openTensors({ source }: Teacher, signal?: AbortSignal): Promise<TensorModel> {
  switch (source?.$case) {
    case 'onnx': {
      const { openOnnxTensorModel } = await import('./onnx-tensor-model.ts');
      const file = await readAddress(source.value.uri, {
        field: 'Teacher.onnx.uri',
        maxBytes: MAX_TEACHER_BYTES,
        timeoutMs: 600_000,
        signal,
      });
      return openOnnxTensorModel(file);
    }
    case 'endpoint': {
      if (/^https?:\/\//.test(source.value.address)) {
        const { openRestTensorModel } = await import('./rest-tensor-model.ts');
        return openRestTensorModel(source.value);
      }
      const { openOpenInferenceTensorModel } = await import('./open-inference-tensor-model.ts');
      return openOpenInferenceTensorModel(source.value);
    }
    case undefined:
      throw invalidArgument('Teacher needs onnx or endpoint');
  }
}
