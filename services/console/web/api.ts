/** An answer that is an error: `code` is the gRPC status name. */
export class ApiError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Calls the console's API. @throws ApiError; UNAVAILABLE where the console does not answer */
export async function callApi<T>(
  path: string,
  options: { readonly method?: string; readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const { method = 'GET', body, signal } = options;
  const isFile = body instanceof Blob;
  const response = await fetch(`/api${path}`, {
    method,
    headers: { 'x-cassl-console': '1', ...(isFile ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError('UNAVAILABLE', 'the console does not answer; is it still running?');
  });
  if (response.status === 204) return undefined as T;
  if (!response.ok) throw await refusalOf(response);
  return (await response.json().catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError('UNAVAILABLE', 'the answer of the console was cut off');
  })) as T;
}

/** Why a stream is refused, which browsers do not tell who follows it; undefined where it is taken now. */
export async function refusalOfStream(path: string, signal: AbortSignal): Promise<ApiError | undefined> {
  try {
    const response = await fetch(`/api${path}`, { signal });
    if (!response.ok) return await refusalOf(response);
    await response.body?.cancel();
    return undefined;
  } catch {
    return new ApiError('UNAVAILABLE', 'the console does not answer; is it still running?');
  }
}

/** What stands between browser and console (a proxy, a gateway) answers with pages of its own. */
const GATEWAY_CODES: Readonly<Record<number, string>> = {
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

async function refusalOf(response: Response): Promise<ApiError> {
  const answer = (await response.json().catch(() => undefined)) as
    { readonly error?: { readonly code: string; readonly message: string } } | undefined;
  const { code, message } = answer?.error ?? {
    code: GATEWAY_CODES[response.status] ?? 'UNKNOWN',
    message: `something before the console answered ${response.status} ${response.statusText}`.trim(),
  };
  if (code === 'UNAUTHENTICATED') window.dispatchEvent(new Event('signed-out'));
  return new ApiError(code, message);
}
