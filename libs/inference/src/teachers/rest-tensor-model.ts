import { CasslError, dataLoss, errorMessage, failedPrecondition, unavailable } from '@cassl/errors';
import type { ErrorCode } from '@cassl/errors';
import { z } from 'zod';
import type { OpenInferenceAddress } from './open-inference-tensor-model.ts';
import { fromRaw, tensorOf, toRaw, unreadable } from './tensor-bytes.ts';
import type { Tensor, TensorModel, TensorValues } from './tensor-model.ts';

const ASK_FIRST_MS = 30_000;
/** A batch on a slow model. */
const INFER_MS = 300_000;
/** Of an answer: masks of a hundred instances at full size are a tenth of it. */
const MOST_BYTES = 2 ** 30;
/** Where the JSON of a body ends and the tensors begin. */
const HEADER_LENGTH = 'inference-header-content-length';
/** The extension by which tensors travel as bytes behind the JSON. */
const BINARY = 'binary_tensor_data';

const specs = z.array(
  z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.coerce.number()) }),
);
const serverSchema = z.object({ extensions: z.array(z.string()).nullish() });
const modelSchema = z.object({ platform: z.string().nullish(), inputs: specs, outputs: specs });
const answerSchema = z.object({
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.coerce.number()),
      parameters: z.record(z.string(), z.unknown()).nullish(),
      data: z.array(z.unknown()).nullish(),
    }),
  ),
});
type OutputBody = z.output<typeof answerSchema>['outputs'][number];

/**
 * A model behind the Open Inference Protocol over HTTP; tensors are bytes where the server has that extension, and JSON otherwise.
 * @param where its address is `http://host:port` or `https://…`
 * @throws NOT_FOUND for a model that the server does not have; UNAVAILABLE, DEADLINE_EXCEEDED where the server is away
 */
export async function openRestTensorModel(where: OpenInferenceAddress): Promise<TensorModel> {
  const { address, model, version } = where;
  const server = address.replace(/\/+$/, '');
  const path = `${server}/v2/models/${model.split('/').map(encodeURIComponent).join('/')}`;
  const place = version === '' ? path : `${path}/versions/${encodeURIComponent(version)}`;
  const { extensions } = await askJson(`${server}/v2`, serverSchema);
  const { inputs, outputs, platform } = await askJson(place, modelSchema);
  const isBinary = extensions?.includes(BINARY) === true;
  return {
    inputs,
    outputs,
    engine: `${platform ?? 'a model'} at ${server}`,
    async run({ name, tensor }, wanted) {
      const request = isBinary ? binaryRequest(name, tensor, wanted) : jsonRequest(name, tensor, wanted);
      const answer = await ask(`${place}/infer`, { method: 'POST', ...request }, INFER_MS);
      return readAnswer(`${place}/infer`, answer);
    },
    close: () => undefined,
  };
}

interface InferRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

function binaryRequest(name: string, tensor: Tensor, wanted: readonly string[]): InferRequest {
  const { datatype, shape, values } = tensor;
  const raw = toRaw(values);
  const parameters = { binary_data_size: raw.length };
  const json = Buffer.from(
    JSON.stringify({
      inputs: [{ name, datatype, shape, parameters }],
      outputs: wanted.map((output) => ({ name: output, parameters: { binary_data: true } })),
    }),
  );
  return {
    body: new Uint8Array(Buffer.concat([json, raw])),
    headers: { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(json.length) },
  };
}

function jsonRequest(name: string, tensor: Tensor, wanted: readonly string[]): InferRequest {
  const { datatype, shape, values } = tensor;
  if (datatype === 'BYTES')
    throw failedPrecondition(
      `the teacher's input ${name} takes files, and its server has no ${BINARY} to send them by: use its gRPC port`,
    );
  const data = Array.from(values as ArrayLike<number>);
  const outputs = wanted.map((output) => ({ name: output }));
  return {
    body: new Uint8Array(Buffer.from(JSON.stringify({ inputs: [{ name, datatype, shape, data }], outputs }))),
    headers: { 'content-type': 'application/json' },
  };
}

function readAnswer(url: string, { headers, bytes }: Answer): ReadonlyMap<string, Tensor> {
  const length = headers.get(HEADER_LENGTH);
  const end = length === null ? bytes.length : Number(length);
  const { outputs } = parseAs(url, bytes.subarray(0, end), answerSchema);
  let at = end;
  return new Map(
    outputs.map((output) => {
      const { name, datatype, parameters } = output;
      const size = parameters?.['binary_data_size'];
      if (size === undefined) return [name, tensorOf(name, output, jsonValues(output))];
      if (typeof size !== 'number' || !(size >= 0) || at + size > bytes.length)
        throw dataLoss(
          `${url}: output ${name} has binary_data_size ${JSON.stringify(size)}, ${bytes.length - at} bytes are left`,
        );
      const raw = bytes.subarray(at, at + size);
      at += size;
      return [name, tensorOf(name, output, fromRaw(name, datatype, raw))];
    }),
  );
}

/** Elements in JSON, flat or nested. */
function jsonValues({ name, datatype, data }: OutputBody): TensorValues {
  const elements = (data ?? []).flat(Infinity);
  switch (datatype) {
    case 'FP32':
      return Float32Array.from(elements, Number);
    case 'UINT8':
    case 'BOOL':
      return Uint8Array.from(elements, Number);
    case 'INT32':
      return Int32Array.from(elements, Number);
    case 'INT64':
      return BigInt64Array.from(elements.map((element) => BigInt(element as number)));
    case 'BYTES':
      return elements.map((element) => Buffer.from(String(element)));
    default:
      throw unreadable(name, datatype);
  }
}

interface Answer {
  readonly headers: Headers;
  readonly bytes: Buffer;
}

async function askJson<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  return parseAs(url, (await ask(url, {}, ASK_FIRST_MS)).bytes, schema);
}

function parseAs<T>(url: string, bytes: Uint8Array, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw failedPrecondition(`${url}: the answer is not JSON: ${errorMessage(cause)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw failedPrecondition(`${url}: the answer's ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

async function ask(url: string, init: RequestInit, limitMs: number): Promise<Answer> {
  try {
    // An allowed server must not lead to one that is not.
    const response = await fetch(url, {
      ...init,
      redirect: 'error',
      signal: AbortSignal.timeout(limitMs),
    });
    const bytes = await readAll(url, response);
    if (response.ok) return { headers: response.headers, bytes };
    throw new CasslError(codeOf(response.status), `${url}: ${response.status} ${reasonOf(bytes)}`);
  } catch (error) {
    if (error instanceof CasslError) throw error;
    if (error instanceof DOMException && error.name === 'TimeoutError')
      throw new CasslError('DEADLINE_EXCEEDED', `${url} did not answer within ${limitMs / 1000} s`);
    const why = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw unavailable(`${url} cannot be asked: ${errorMessage(why)}`, { cause: error });
  }
}

async function readAll(url: string, { body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MOST_BYTES)
      throw failedPrecondition(`${url}: the answer is over the limit of ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `{"error": text}`, in the protocol's words. */
function reasonOf(bytes: Buffer): string {
  const text = bytes.toString('utf8', 0, 1_000);
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'string' ? error : text;
  } catch {
    return text;
  }
}

function codeOf(status: number): ErrorCode {
  const known: Readonly<Record<number, ErrorCode>> = {
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    413: 'FAILED_PRECONDITION',
    429: 'UNAVAILABLE',
    501: 'UNIMPLEMENTED',
    502: 'UNAVAILABLE',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  };
  return known[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
}
