/** The client for browsers and everything else that has `fetch` and no gRPC. */
import { CasslError, errorMessage, type ErrorCode } from '@cassl/errors';
import { pMapIterable } from 'p-map';
import {
  DEFAULT_TIMEOUT_MS,
  type CasslClient,
  type ClientOptions,
  type DetectOptions,
  type Detections,
  type Picture,
  type StreamAnswer,
} from './client.ts';
import { withRetries } from './with-retries.ts';

export type * from './client.ts';

/** Requests of a stream that are under way at the same time; browsers open no more than six connections a host. */
const WINDOW = 6;
/** What can be wrong with one picture of a stream. */
const PICTURE_FAULTS: readonly string[] = ['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED'];

/** What `POST /v1/detect` answers. */
interface DetectAnswer {
  readonly model: { readonly digest: string };
  readonly image: { readonly width: number; readonly height: number };
  readonly detections: readonly {
    readonly box: Detections['detections'][number]['box'];
    readonly score: number;
    readonly category_id: number;
    readonly category: string;
    readonly mask?: { readonly size: readonly [number, number]; readonly counts: string };
  }[];
  readonly timing: Readonly<
    Record<'batch_size' | 'queue_ms' | 'input_ms' | 'compute_ms' | 'output_ms', number>
  >;
}

/** @param baseUrl for example `https://labeler.example:7182` */
export function connectHttp(baseUrl: string, client: ClientOptions = {}): CasslClient {
  const closed = new AbortController();
  const { timeoutMs: usualMs = DEFAULT_TIMEOUT_MS, retries } = client;
  const detect = (picture: Picture, options: DetectOptions): Promise<Detections> =>
    withRetries((left) => post(baseUrl, picture, options, { ...left, token: client.token }), {
      timeoutMs: options.timeoutMs ?? usualMs,
      retries,
      signal: options.signal === undefined ? closed.signal : AbortSignal.any([options.signal, closed.signal]),
    });
  return {
    detect,
    detectStream(pictures, options) {
      let position = 0;
      const ask = async (picture: Picture): Promise<StreamAnswer> => {
        const own = { position: position++ };
        try {
          return { ...own, found: await detect(picture, options) };
        } catch (error) {
          if (!(error instanceof CasslError) || !PICTURE_FAULTS.includes(error.code)) throw error;
          return { ...own, error: { code: error.code, message: error.message } };
        }
      };
      return pMapIterable(pictures, ask, { concurrency: WINDOW });
    },
    close: () => closed.abort(),
  };
}

interface Attempt {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly token: string | undefined;
}

async function post(
  baseUrl: string,
  picture: Picture,
  options: DetectOptions,
  { timeoutMs, signal, token }: Attempt,
): Promise<Detections> {
  if (!(picture instanceof Uint8Array))
    throw new CasslError('INVALID_ARGUMENT', 'picture: over HTTP it must be bytes; addresses go over gRPC');
  let response: Response;
  try {
    response = await fetch(
      new URL(`v1/detect?${queryOf(options).toString()}`, `${baseUrl.replace(/\/*$/, '')}/`),
      {
        method: 'POST',
        body: new Uint8Array(picture),
        signal,
        headers: {
          'content-type': 'application/octet-stream',
          'x-cassl-timeout-ms': String(Math.ceil(timeoutMs)),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
    );
  } catch (error) {
    if (signal.aborted) throw error;
    throw new CasslError('UNAVAILABLE', `${baseUrl}: ${errorMessage(error)}`, { cause: error });
  }
  if (!response.ok) throw await failureOf(response);
  return toDetections((await response.json()) as DetectAnswer);
}

function queryOf({ model, threshold, maxDetections, masks, priority }: DetectOptions): URLSearchParams {
  const given = { model, threshold, max_detections: maxDetections, masks, priority };
  return new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    ),
  );
}

async function failureOf(response: Response): Promise<CasslError> {
  const text = await response.text();
  const wait = response.headers.get('retry-after');
  const details = wait === null ? {} : { retryAfterMs: Number(wait) * 1000 };
  try {
    const { error } = JSON.parse(text) as { error: { code: ErrorCode; message: string } };
    return new CasslError(error.code, error.message, { details });
  } catch {
    // Not ours: a proxy in between.
    const code = response.status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN';
    return new CasslError(code, `HTTP ${response.status}: ${text.slice(0, 200)}`, { details });
  }
}

function toDetections({ model, image, detections, timing }: DetectAnswer): Detections {
  return {
    digest: model.digest,
    ...image,
    detections: detections.map(({ category_id: categoryId, mask, ...found }) => ({
      ...found,
      categoryId,
      ...(mask === undefined
        ? {}
        : { mask: { height: mask.size[0], width: mask.size[1], counts: mask.counts } }),
    })),
    timing: {
      batchSize: timing.batch_size,
      queueMs: timing.queue_ms,
      inputMs: timing.input_ms,
      computeMs: timing.compute_ms,
      outputMs: timing.output_ms,
    },
  };
}
