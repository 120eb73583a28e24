import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpUpload } from '@cassl/proto';

export interface SendByHttpOptions {
  readonly client: { readonly address?: string };
  /** Path of the file. */
  readonly file: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** A port that nobody forwards is noticed; the file then goes by gRPC. */
const CONNECT_MS = 2_000;
const SILENCE_MS = 120_000;
const BUFFER_BYTES = 2 ** 20;

/**
 * Sends the rest of a file in one PUT, through two buffers that are used again and again.
 * @returns false where it did not arrive, for whatever reason: gRPC then goes on, and says what is wrong
 */
export async function sendByHttp(
  options: SendByHttpOptions,
  { port, path }: HttpUpload,
  offset: number,
): Promise<boolean> {
  const { client, file: name, signal } = options;
  const host = /^(.*):\d+$/.exec(client.address ?? '')?.[1]?.replace(/^\[|\]$/g, '');
  if (host === undefined) return false;
  const file = await open(name);
  let put: ClientRequest | undefined;
  try {
    const { size } = await file.stat();
    const headers = { 'content-length': size - offset };
    put = request({ host, port, path: `${path}&offset=${offset}`, method: 'PUT', headers, signal });
    put.setTimeout(SILENCE_MS, () => put?.destroy());
    const answer = once(put, 'response') as Promise<[IncomingMessage]>;
    answer.catch(() => undefined);
    if (!(await isConnected(put))) return false;
    const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(BUFFER_BYTES));
    let writing: Promise<void> = Promise.resolve();
    for (let [position, turn] = [offset, 0]; position < size; turn++) {
      const buffer = buffers[turn % 2] as Buffer;
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      await writing;
      if (bytesRead === 0) break;
      writing = write(put, buffer.subarray(0, bytesRead));
      writing.catch(() => undefined);
      position += bytesRead;
      options.onProgress?.(position, size);
    }
    await writing;
    put.end();
    const [response] = await answer;
    response.resume();
    return response.statusCode === 200;
  } catch (error) {
    // Else the other side would wait for the rest.
    put?.destroy();
    if (signal?.aborted === true) throw error;
    return false;
  } finally {
    await file.close();
  }
}

/** Resolves when the bytes have left their buffer. */
function write(put: ClientRequest, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (put.destroyed) return reject(new Error('the connection was closed'));
    const gone = (): void => reject(new Error('the connection was closed'));
    put.once('close', gone);
    put.write(bytes, (error) => {
      put.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function isConnected(put: ClientRequest): Promise<boolean> {
  const timeout = AbortSignal.timeout(CONNECT_MS);
  try {
    const [socket] = (await once(put, 'socket', { signal: timeout })) as [Socket];
    if (socket.connecting) await once(socket, 'connect', { signal: timeout });
    return true;
  } catch {
    put.destroy();
    return false;
  }
}
