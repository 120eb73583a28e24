import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { CasslError, errorMessage, invalidArgument } from '@cassl/errors';
import { TOO_LARGE } from '@cassl/rpc';
import type { ByteBudget } from './byte-budget.ts';
import type { HttpCaller } from './http-request.ts';

const DECODERS = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

export interface BodySource {
  readonly headers: IncomingHttpHeaders;
  readonly stream: AsyncIterable<Buffer>;
}

/**
 * The whole body, uncompressed, counted against `budget` until the answer to `caller` is out.
 * @throws RESOURCE_EXHAUSTED as soon as more than `maxBytes` came, or where other requests hold the budget; INVALID_ARGUMENT for
 *   an encoding that is not known or not right
 */
export async function readBody(
  { headers, stream }: BodySource,
  limits: {
    readonly maxBytes: number;
    readonly budget: ByteBudget;
    readonly caller: Pick<HttpCaller, 'atEnd'>;
  },
): Promise<Buffer> {
  const { maxBytes, budget, caller } = limits;
  const declared = Number(headers['content-length'] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const held = budget.open();
  caller.atEnd(() => held.release());
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    // What came, not what was announced: whoever announces much and sends nothing would keep the others out.
    held.take(chunk.length);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, size);
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return body;
  const plain = await decompress(body, encoding, maxBytes);
  held.take(plain.length);
  return plain;
}

async function decompress(body: Buffer, encoding: string, maxOutputLength: number): Promise<Buffer> {
  const decode = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding as keyof typeof DECODERS] : undefined;
  if (decode === undefined)
    throw invalidArgument(
      `content-encoding must be ${Object.keys(DECODERS).join(', ')} or identity, got ${encoding.slice(0, 100)}`,
    );
  try {
    return await decode(body, { maxOutputLength });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxOutputLength);
    throw invalidArgument(`the body is not ${encoding}: ${errorMessage(error)}`);
  }
}

function tooLarge(maxBytes: number): CasslError {
  return new CasslError('RESOURCE_EXHAUSTED', `the request's body is over the limit of ${maxBytes} bytes`, {
    details: { reason: TOO_LARGE },
  });
}
