import { errorMessage, invalidArgument, notFound, unavailable } from '@cassl/errors';
import { readAddress } from '@cassl/storage';

/** The Label Studio server whose own files may be fetched. */
export interface LabelStudioServer {
  readonly url: string;
  /** Access token of a user of it. */
  readonly token: string | undefined;
}

export interface ReadTaskImageOptions {
  readonly field: string;
  readonly server: LabelStudioServer | undefined;
  readonly signal: AbortSignal;
}

const MAX_BYTES = 32 * 2 ** 20;
const READ_MS = 20_000;
const DATA_URL = /^data:[^,]{0,200};base64,/;

/**
 * The image that a task names: a `data:` URL, a file of the Label Studio server that the operator named (`/data/…`), or an address in the
 * places that requests may read. Nothing else on the network is ever asked: tasks are strangers' text.
 * @throws INVALID_ARGUMENT, PERMISSION_DENIED, NOT_FOUND naming the field
 */
export async function readTaskImage(
  value: unknown,
  { field, server, signal }: ReadTaskImageOptions,
): Promise<Uint8Array> {
  if (typeof value !== 'string' || value === '')
    throw invalidArgument(
      `${field} must be the address of an image, got ${JSON.stringify(value)?.slice(0, 100)}`,
    );
  const inline = DATA_URL.exec(value);
  if (inline !== null) return checkSize(Buffer.from(value.slice(inline[0].length), 'base64'), field);
  const own = server && ownFile(value, server);
  if (server !== undefined && own !== undefined) return fetchOwn(own, field, server, signal);
  if (value.startsWith('/'))
    throw invalidArgument(
      `${field}: ${value.slice(0, 200)} is a file of Label Studio; CASSL_LABEL_STUDIO_URL must say where that is`,
    );
  return readAddress(value, { field, maxBytes: MAX_BYTES, timeoutMs: READ_MS, signal });
}

function checkSize(bytes: Buffer, where: string): Buffer {
  if (bytes.length > MAX_BYTES)
    throw invalidArgument(`${where} must have at most ${MAX_BYTES} bytes, got ${bytes.length}`);
  return bytes;
}

function ownFile(value: string, server: LabelStudioServer): URL | undefined {
  if (!URL.canParse(value, server.url)) return undefined;
  const address = new URL(value, server.url);
  return address.origin === new URL(server.url).origin ? address : undefined;
}

async function fetchOwn(
  address: URL,
  field: string,
  { token }: LabelStudioServer,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const where = `${field}: ${address.href.slice(0, 200)}`;
  let response: Response;
  try {
    response = await fetch(address, {
      // A redirect could lead anywhere.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]),
      headers: token === undefined ? {} : { authorization: `Token ${token}` },
    });
  } catch (error) {
    throw unavailable(`${where}: ${errorMessage(error)}`, { cause: error });
  }
  if (response.status === 404) throw notFound(`${where} is not there`);
  if (!response.ok || response.body === null)
    throw invalidArgument(`${where}: Label Studio answered ${response.status}`);
  return readAtMost(response.body, where);
}

async function readAtMost(body: ReadableStream<Uint8Array>, where: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BYTES) throw invalidArgument(`${where} must have at most ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
