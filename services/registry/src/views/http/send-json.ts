import type { ViewRequest } from './request.ts';

/** Answers GET and HEAD with JSON. */
export function sendJson(
  { method, response }: Pick<ViewRequest, 'method' | 'response'>,
  value: unknown,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  const { status = 200, headers = {} } = options;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    ...headers,
    'content-length': body.length,
  });
  response.end(method === 'HEAD' ? undefined : body);
}
