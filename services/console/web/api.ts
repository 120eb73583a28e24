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
  const answer = (await response.json()) as { error?: { code: string; message: string } };
  if (!response.ok) {
    const { code, message } = answer.error ?? { code: 'UNKNOWN', message: response.statusText };
    if (code === 'UNAUTHENTICATED') window.dispatchEvent(new Event('signed-out'));
    throw new ApiError(code, message);
  }
  return answer as T;
}
