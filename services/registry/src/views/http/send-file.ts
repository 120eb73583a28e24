import type { Writable } from 'node:stream';
import { parseRange, type Range } from './parse-range.ts';
import type { ViewRequest } from './request.ts';

/** A file that is known before it is sent: stored, made of stored bytes, or text. */
export interface ServedFile {
  readonly sizeBytes: number;
  /** Names the content in `ETag`: its sha256 where that is known, in hex. */
  readonly etag: string;
  /** In hex; for `Repr-Digest`. */
  readonly sha256?: string;
  readonly contentType: string;
  /** Writes exactly the range, with back pressure, and leaves the sink open. */
  sendTo(sink: Writable, range: Range, signal: AbortSignal): Promise<void>;
  /** An address elsewhere that gives the same bytes to whoever knows it, for a while. */
  redirect?(): Promise<string | undefined>;
}

/** Answers GET and HEAD: whole, one range, 304 for a known ETag, 416 beyond the end, or a redirect to the object store. */
export async function sendFile(
  { method, request, response, signal, redirects = true }: ViewRequest,
  file: ServedFile,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const etag = `"${file.etag}"`;
  for (const [name, value] of Object.entries({ ...headersOf(file), ...headers, etag })) {
    response.setHeader(name, value);
  }
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end();
    return;
  }
  const elsewhere = redirects ? await file.redirect?.() : undefined;
  if (elsewhere !== undefined) {
    response.writeHead(302, { location: elsewhere, 'content-length': 0 }).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const wanted =
    ifRange === undefined || ifRange === etag ? parseRange(request.headers.range, file.sizeBytes) : undefined;
  if (wanted === 'unsatisfiable') {
    response.removeHeader('repr-digest');
    response.writeHead(416, { 'content-range': `bytes */${file.sizeBytes}`, 'content-length': 0 }).end();
    return;
  }
  const range = wanted ?? { start: 0, end: file.sizeBytes };
  response.setHeader('content-length', range.end - range.start);
  if (wanted !== undefined) {
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${range.start}-${range.end - 1}/${file.sizeBytes}`);
  }
  // What is damaged says so before the head is out: nothing is sent yet when `sendTo` refuses.
  if (method !== 'HEAD') await file.sendTo(response, range, signal);
  response.end();
}

function headersOf({ contentType, sha256 }: ServedFile): Record<string, string> {
  return {
    'content-type': contentType,
    'accept-ranges': 'bytes',
    // Weights do not shrink, and a range of a compressed file is another range.
    'cache-control': 'private, no-transform',
    ...(sha256 === undefined
      ? {}
      : { 'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` }),
  };
}

function matches(header: string | undefined, etag: string): boolean {
  if (header?.trim() === '*') return true;
  return header !== undefined && header.split(',').some((value) => value.trim().replace(/^W\//, '') === etag);
}
