import { CasslError, errorMessage, failedPrecondition, unavailable, type ErrorCode } from '@cassl/errors';
import { GRPCInferenceServiceDefinition } from '@cassl/proto/inference';
import { createClient } from '@cassl/rpc';

/** A server of the Open Inference Protocol, whoever made it. */
export interface LoadTarget {
  /** Sends one encoded image and waits for the answer, which is thrown away. */
  ask(image: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface TargetOptions {
  /** `host:port` for gRPC, `http(s)://…` for REST. */
  readonly address: string;
  readonly model: string;
  /** Of the tensor that takes encoded images. @default the only BYTES input of the model */
  readonly input?: string | undefined;
  readonly token?: string | undefined;
}

interface TensorInfo {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly unknown[];
}

const ASK_FIRST_MS = 30_000;

/** @throws NOT_FOUND, UNAVAILABLE; FAILED_PRECONDITION where the model takes no encoded images */
export function openTarget(options: TargetOptions): Promise<LoadTarget> {
  return /^https?:/.test(options.address) ? openHttp(options) : openGrpc(options);
}

async function openGrpc({ address, model: modelName, input, token }: TargetOptions): Promise<LoadTarget> {
  const client = createClient(
    GRPCInferenceServiceDefinition,
    address,
    token === undefined ? {} : { security: { token } },
  );
  try {
    const { inputs } = await client.modelMetadata(
      { name: modelName, version: '' },
      { deadlineMs: ASK_FIRST_MS },
    );
    const { name, datatype, shape } = imageInput(inputs, input);
    const tensor = { name, datatype, shape: shape.map(String), parameters: {}, contents: undefined };
    const fixed = { modelName, modelVersion: '', id: '', parameters: {}, outputs: [], inputs: [tensor] };
    return {
      async ask(image, signal) {
        await client.modelInfer(
          { ...fixed, rawInputContents: [element(image)] },
          { signal, deadlineMs: Infinity },
        );
      },
      close: () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

async function openHttp({ address, model, input, token }: TargetOptions): Promise<LoadTarget> {
  const url = `${address.replace(/\/+$/, '')}/v2/models/${model.split('/').map(encodeURIComponent).join('/')}`;
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await send(url, { headers, signal: AbortSignal.timeout(ASK_FIRST_MS) });
  const { inputs } = (await response.json()) as { readonly inputs: readonly TensorInfo[] };
  const tensor = imageInput(inputs, input);
  return {
    async ask(image, signal) {
      const bytes = element(image);
      const json = Buffer.from(
        JSON.stringify({
          parameters: { binary_data_output: true },
          inputs: [{ ...tensor, parameters: { binary_data_size: bytes.length } }],
        }),
      );
      const answer = await send(`${url}/infer`, {
        method: 'POST',
        body: new Uint8Array(Buffer.concat([json, bytes])),
        headers: {
          ...headers,
          'content-type': 'application/octet-stream',
          'inference-header-content-length': String(json.length),
        },
        signal,
      });
      await answer.arrayBuffer();
    },
    close: () => undefined,
  };
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    const { cause } = error as { readonly cause?: unknown };
    throw unavailable(`${url}: ${errorMessage(cause ?? error)}`, { cause: error });
  }
  if (response.ok) return response;
  const text = (await response.text()).slice(0, 500);
  throw new CasslError(CODES[response.status] ?? 'UNKNOWN', `${url}: HTTP ${response.status}: ${text}`);
}

/** The input for one encoded image, with the shape that its rank wants: [1], or [1, 1] where there is a batch dimension. */
function imageInput(
  inputs: readonly TensorInfo[],
  wanted: string | undefined,
): Omit<TensorInfo, 'shape'> & { readonly shape: readonly number[] } {
  const found = inputs.find(({ name, datatype }) =>
    wanted === undefined ? datatype === 'BYTES' : name === wanted,
  );
  if (found?.datatype !== 'BYTES') {
    const known = inputs.map(({ name, datatype }) => `${name} (${datatype})`).join(', ');
    throw failedPrecondition(
      `the model has no input ${wanted ?? ''} of BYTES for encoded images; it has ${known || 'none'}`,
    );
  }
  const { name, datatype, shape } = found;
  return { name, datatype, shape: shape.map(() => 1) };
}

/** As the protocol has bytes: their length before them. */
function element(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}
