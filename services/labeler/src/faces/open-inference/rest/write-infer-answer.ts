import { answerParameters } from '../answer-parameters.ts';
import { VERSION } from '../ask-images.ts';
import { parametersOf } from '../shared-memory/regions.ts';
import { toRawBytes } from '../tensors.ts';
import type { Outcome, OutputWriter } from '../views/model-view.ts';
import type { RestRequest } from './read-infer-body.ts';

export interface InferAnswerBody {
  readonly body: Buffer;
  /** Bytes of JSON, where tensors follow. */
  readonly headerLength: number | undefined;
}

/** The answer: JSON, and after it the outputs that are wanted as bytes. */
export function writeInferAnswer(
  request: RestRequest,
  outcomes: readonly Outcome[],
  wanted: OutputWriter,
): InferAnswerBody {
  const binary: Buffer[] = [];
  const outputs = wanted.write(outcomes).map((tensor) => {
    const { name, datatype, shape, values } = tensor;
    const place = request.places.get(name);
    if (place !== undefined) {
      const bytes = toRawBytes(tensor);
      place.write(bytes);
      return { name, datatype, shape, parameters: parametersOf(place, bytes.length) };
    }
    if (!request.isBinary(name)) return { name, datatype, shape, data: Array.from<number | string>(values) };
    const bytes = toRawBytes(tensor);
    binary.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const json = Buffer.from(
    JSON.stringify({
      model_name: request.model,
      model_version: VERSION,
      ...(request.id === '' ? {} : { id: request.id }),
      parameters: answerParameters(outcomes),
      outputs,
    }),
  );
  return binary.length === 0
    ? { body: json, headerLength: undefined }
    : { body: Buffer.concat([json, ...binary]), headerLength: json.length };
}
