import { DetectorServiceDefinition, LabelerServiceDefinition, type ImageDetections } from '@cassl/proto';
import {
  GRPCInferenceServiceDefinition,
  type InferParameter,
  type ModelInferRequest,
  type ModelInferResponse,
} from '@cassl/proto/inference';
import { createClient, type RpcClient } from '@cassl/rpc';
import { joinElements } from '@cassl/inference/bytes-elements';
import type { TestServer } from './open-inference/serve-no-op.fixture.ts';

/** The same question for every face: pictures for a model. */
export interface FaceQuestion {
  readonly model: string;
  readonly images: readonly Uint8Array[];
  readonly threshold?: number;
}

/** Of one picture: its size, which is what the model of the tests finds, or why it could not be used. */
export type FaceAnswer = readonly [width: number, height: number] | string;

/** Rejects with a refusal of the whole question: its code as gRPC's name or HTTP's status, and what it says. */
export interface Face {
  readonly name: string;
  /** Takes several pictures at once. */
  readonly isBatch: boolean;
  ask(question: FaceQuestion): Promise<FaceAnswer[]>;
}

class FaceRefusal extends Error {
  override readonly name = 'FaceRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Every way into the service. */
export function openFaces({ server, http }: TestServer): { readonly faces: readonly Face[]; close(): void } {
  const detector = createClient(DetectorServiceDefinition, server.address);
  const labeler = createClient(LabelerServiceDefinition, server.address);
  const inference = createClient(GRPCInferenceServiceDefinition, server.address);
  return {
    faces: [
      ...ownFaces(detector, labeler),
      ...openInferenceFaces(inference),
      ...restFaces(http.url),
      ...plainFaces(http.url),
      labelStudioFace(http.url),
      cvatFace(http.url, false),
      cvatFace(http.url, true),
    ],
    close() {
      for (const client of [detector, labeler, inference]) client.close();
    },
  };
}

const DEADLINE = { deadlineMs: 30_000 };

function ownFaces(
  detector: RpcClient<typeof DetectorServiceDefinition>,
  labeler: RpcClient<typeof LabelerServiceDefinition>,
): Face[] {
  const options = (threshold: number | undefined) =>
    threshold === undefined ? {} : { options: { threshold } };
  const encoded = (value: Uint8Array) => ({
    key: 'a',
    source: { $case: 'encoded' as const, value: Buffer.from(value) },
  });
  const requestOf = ({ model, images: [first = new Uint8Array()], threshold }: FaceQuestion) => ({
    checkpoint: model,
    image: encoded(first),
    ...options(threshold),
  });
  async function* requestsOf({ model, images, threshold }: FaceQuestion) {
    for (const image of images)
      yield await Promise.resolve({ checkpoint: model, image: encoded(image), ...options(threshold) });
  }
  return [
    {
      name: 'Detect',
      isBatch: false,
      ask: async (question) => [ownAnswer((await detector.detect(requestOf(question), DEADLINE)).detections)],
    },
    {
      name: 'Label',
      isBatch: false,
      ask: async (question) => [ownAnswer((await labeler.label(requestOf(question), DEADLINE)).detections)],
    },
    {
      name: 'DetectStream',
      isBatch: true,
      ask: async (question) => {
        const answers: FaceAnswer[] = [];
        for await (const { detections } of detector.detectStream(requestsOf(question), DEADLINE))
          answers.push(ownAnswer(detections));
        return answers;
      },
    },
    {
      name: 'LabelStream',
      isBatch: true,
      ask: async (question) => {
        const answers: FaceAnswer[] = [];
        for await (const { detections } of labeler.labelStream(requestsOf(question), DEADLINE))
          answers.push(ownAnswer(detections));
        return answers;
      },
    },
  ];
}

function ownAnswer(answer: ImageDetections | undefined): FaceAnswer {
  if (answer?.error !== undefined) return `${answer.error.code}: ${answer.error.message}`;
  const { x2 = 0, y2 = 0 } = answer?.detections[0]?.box ?? {};
  return [x2, y2];
}

function openInferenceFaces(client: RpcClient<typeof GRPCInferenceServiceDefinition>): Face[] {
  const infer = (question: FaceQuestion, isRaw: boolean): ModelInferRequest => ({
    modelName: question.model,
    modelVersion: '',
    id: '',
    parameters: doubles(question.threshold),
    inputs: [
      {
        name: 'image',
        datatype: 'BYTES',
        shape: [String(question.images.length)],
        parameters: {},
        contents: isRaw
          ? undefined
          : { ...NO_CONTENTS, bytesContents: question.images.map((image) => Buffer.from(image)) },
      },
    ],
    outputs: WANTED.map((name) => ({ name, parameters: {} })),
    rawInputContents: isRaw ? [joinElements(question.images)] : [],
  });
  const unary = (name: string, isRaw: boolean): Face => ({
    name,
    isBatch: true,
    ask: async (question) => tensorAnswers(await client.modelInfer(infer(question, isRaw), DEADLINE)),
  });
  const stream = (name: string, more: Record<string, InferParameter>): Face => ({
    name,
    isBatch: true,
    ask: async (question) => {
      const answers: FaceAnswer[] = [];
      const request = infer(question, true);
      async function* requests() {
        yield await Promise.resolve({ ...request, parameters: { ...request.parameters, ...more } });
      }
      for await (const { errorMessage, inferResponse } of client.modelStreamInfer(requests(), DEADLINE)) {
        if (errorMessage !== '')
          throw new FaceRefusal(errorMessage.startsWith('NOT_FOUND') ? 404 : 400, errorMessage);
        if (inferResponse !== undefined) answers.push(...tensorAnswers(inferResponse));
      }
      return answers;
    },
  });
  return [
    unary('ModelInfer, raw', true),
    unary('ModelInfer, typed', false),
    stream('ModelStreamInfer', {}),
    stream('ModelStreamInfer, decoupled', {
      decoupled: { parameterChoice: { $case: 'boolParam', value: true } },
    }),
  ];
}

const WANTED = ['boxes', 'num_detections', 'errors'];
const NO_CONTENTS = {
  boolContents: [],
  intContents: [],
  int64Contents: [],
  uintContents: [],
  uint64Contents: [],
  fp32Contents: [],
  fp64Contents: [],
};

function doubles(threshold: number | undefined): Record<string, InferParameter> {
  return threshold === undefined
    ? {}
    : { threshold: { parameterChoice: { $case: 'doubleParam', value: threshold } } };
}

/** The model of the tests finds one box in a picture: four numbers, the last two its size. */
function tensorAnswers({ rawOutputContents: [boxes, counts, errors] }: ModelInferResponse): FaceAnswer[] {
  const values = (bytes: Uint8Array = new Uint8Array()): DataView =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [floats, numbers] = [values(boxes), values(counts)];
  let at = 0;
  return Array.from({ length: numbers.byteLength / 4 }, (_, index): FaceAnswer => {
    const length = values(errors).getUint32(at, true);
    const why = Buffer.from(errors ?? []).toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
    return numbers.getInt32(4 * index, true) < 0
      ? why
      : [floats.getFloat32(16 * index + 8, true), floats.getFloat32(16 * index + 12, true)];
  });
}

function restFaces(url: string): Face[] {
  const send = async (
    { model, threshold }: FaceQuestion,
    input: object,
    binary: Uint8Array = new Uint8Array(),
  ) => {
    const json = Buffer.from(
      JSON.stringify({
        inputs: [input],
        outputs: WANTED.map((name) => ({ name })),
        ...(threshold === undefined ? {} : { parameters: { threshold } }),
      }),
    );
    const answer = await post(
      `${url}/v2/models/${encodeURIComponent(model)}/infer`,
      Buffer.concat([json, binary]),
      { 'inference-header-content-length': String(json.length) },
    );
    const { outputs } = answer as { readonly outputs: readonly { readonly data: readonly unknown[] }[] };
    const [boxes, counts, errors] = outputs.map(({ data }) => data);
    return (counts as readonly number[]).map((count, index): FaceAnswer =>
      count < 0 ? String(errors?.[index]) : [Number(boxes?.[4 * index + 2]), Number(boxes?.[4 * index + 3])],
    );
  };
  return [
    {
      name: 'REST, JSON',
      isBatch: true,
      ask: (question) =>
        send(question, {
          name: 'image',
          datatype: 'BYTES',
          shape: [question.images.length],
          data: question.images.map(base64),
        }),
    },
    {
      name: 'REST, binary',
      isBatch: true,
      ask: (question) => {
        const binary = joinElements(question.images);
        const parameters = { binary_data_size: binary.length };
        const input = { name: 'image', datatype: 'BYTES', shape: [question.images.length], parameters };
        return send(question, input, binary);
      },
    },
  ];
}

function plainFaces(url: string): Face[] {
  const read = (answer: unknown): FaceAnswer[] => {
    const { detections } = answer as {
      readonly detections: readonly { readonly box: { readonly x2: number; readonly y2: number } }[];
    };
    return [[detections[0]?.box.x2 ?? 0, detections[0]?.box.y2 ?? 0]];
  };
  return [
    {
      name: '/v1/detect',
      isBatch: false,
      ask: async ({ model, images: [image = new Uint8Array()], threshold }) => {
        const query = new URLSearchParams({
          model,
          ...(threshold === undefined ? {} : { threshold: String(threshold) }),
        });
        return read(await post(`${url}/v1/detect?${query}`, Buffer.from(image)));
      },
    },
    {
      name: '/v1/detect, a form',
      isBatch: false,
      ask: async ({ model, images: [image = new Uint8Array()], threshold }) => {
        const form = new FormData();
        form.append('model', model);
        form.append('image', new Blob([new Uint8Array(image)]), 'фото 1.jpg');
        if (threshold !== undefined) form.append('threshold', String(threshold));
        return read(await post(`${url}/v1/detect`, form));
      },
    },
  ];
}

function labelStudioFace(url: string): Face {
  return {
    name: 'Label Studio',
    isBatch: true,
    ask: async ({ model, images, threshold }) => {
      const answer = await post(
        `${url}/label-studio/${model}/predict`,
        JSON.stringify({
          tasks: images.map((image) => ({ data: { picture: `data:image/png;base64,${base64(image)}` } })),
          label_config:
            '<View><Image name="img" value="$picture"/><RectangleLabels name="tag" toName="img"' +
            `${threshold === undefined ? '' : ` model_score_threshold="${threshold}"`}><Label value="object"/></RectangleLabels></View>`,
        }),
      );
      const { results } = answer as {
        readonly results: readonly {
          readonly error?: { readonly message: string };
          readonly result: readonly { readonly original_width: number; readonly original_height: number }[];
        }[];
      };
      return results.map(({ error, result: [found] }): FaceAnswer =>
        error === undefined ? [found?.original_width ?? 0, found?.original_height ?? 0] : error.message,
      );
    },
  };
}

function cvatFace(url: string, isBatch: boolean): Face {
  type Shapes = readonly { readonly points: readonly number[] }[];
  const read = (answer: Shapes | { readonly error: { readonly message: string } }): FaceAnswer =>
    'error' in answer ? answer.error.message : [answer[0]?.points[2] ?? 0, answer[0]?.points[3] ?? 0];
  return {
    name: isBatch ? 'CVAT, a batch' : 'CVAT',
    isBatch,
    ask: async ({ model, images, threshold }) => {
      const files = images.map(base64);
      const answer = await post(
        `${url}/api/function_invocations`,
        JSON.stringify({ ...(isBatch ? { images: files } : { image: files[0] }), threshold }),
        { 'x-nuclio-function-name': model },
      );
      return isBatch ? (answer as Shapes[]).map(read) : [read(answer as Shapes)];
    },
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

async function post(
  url: string,
  body: NonNullable<RequestInit['body']> | Buffer,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    body: body instanceof Buffer ? new Uint8Array(body) : body,
    headers,
    signal: AbortSignal.timeout(30_000),
  });
  const json = (await response.json()) as { readonly error?: string | { readonly message: string } };
  if (response.ok) return json;
  const { error = '' } = json;
  throw new FaceRefusal(response.status, typeof error === 'string' ? error : error.message);
}
