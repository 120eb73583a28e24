import type { IncomingMessage } from 'node:http';
import { CasslError, invalidArgument } from '@cassl/errors';

/** @throws RESOURCE_EXHAUSTED as soon as more than `maxBytes` came */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new CasslError('RESOURCE_EXHAUSTED', `the request's body is over the limit of ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws INVALID_ARGUMENT when it is no JSON object */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<Record<string, unknown>> {
  const text = (await readBody(request, maxBytes)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidArgument('the request must carry a JSON object');
  return value as Record<string, unknown>;
}
