import { createHash } from 'node:crypto';
import { CasslError, invalidArgument } from '@cassl/errors';
import { MAX_TEACHER_BYTES, openTeacher } from '@cassl/inference/teachers';
import { Teacher, type EndpointTeacher } from '@cassl/proto';
import { readAddress } from '@cassl/storage';

/**
 * What names a teacher from elsewhere in the label set: the sha256 of its file, or of what its endpoint says of itself, with how its
 * tensors are read. Opened once, so that what can never label is refused before the first shard.
 * @throws as `openTeacher`; PERMISSION_DENIED for an endpoint that the labeler was not given
 */
export async function digestOfTeacher(teacher: Teacher, endpoints: readonly string[]): Promise<string> {
  const { source, input, output } = teacher;
  const hash = createHash('sha256');
  if (source?.$case === 'onnx') {
    hash.update(
      await readAddress(source.value.uri, {
        field: 'LabelingSpec.teacher.onnx.uri',
        maxBytes: MAX_TEACHER_BYTES,
        timeoutMs: 600_000,
      }),
    );
  } else if (source?.$case === 'endpoint') {
    checkEndpoint(source.value, endpoints);
    hash.update(JSON.stringify([source.value.address, source.value.model, source.value.version]));
  } else throw invalidArgument('LabelingSpec.teacher needs onnx or endpoint');
  const model = await openTeacher(teacher);
  model.dispose();
  // Read otherwise, the same graph is another teacher.
  hash.update(Teacher.encode(Teacher.fromPartial({ input, output, prompts: teacher.prompts })).finish());
  return hash.digest('hex');
}

function checkEndpoint({ address, model }: EndpointTeacher, endpoints: readonly string[]): void {
  if (model === '') throw invalidArgument('LabelingSpec.teacher.endpoint.model is empty');
  if (endpoints.includes(address)) return;
  throw new CasslError(
    'PERMISSION_DENIED',
    `LabelingSpec.teacher.endpoint.address ${JSON.stringify(address)} is none of the labeler's CASSL_TEACHER_ENDPOINTS (${endpoints.join(', ') || 'none'})`,
  );
}
