import type { GetUploadRequest, GetUploadResponse, HttpUpload } from '@cassl/proto';
import { checkDigest } from '../check-request.ts';
import type { Registry } from '../registry.ts';
import { isWhole } from './seal.ts';
import { receivedBytes } from './staged-files.ts';
import { signTicket } from './upload-ticket.ts';

/** A checkpoint whose file is damaged counts as not published: its bytes are wanted again. */
export async function getUpload(
  registry: Registry,
  { digest, sizeBytes }: GetUploadRequest,
): Promise<GetUploadResponse> {
  checkDigest('digest', digest);
  if (await isWhole(registry, digest)) return { published: true, receivedBytes: 0, http: undefined };
  return {
    published: false,
    receivedBytes: await receivedBytes(registry, digest),
    http: await httpUpload(registry, digest, sizeBytes),
  };
}

async function httpUpload(
  registry: Registry,
  digest: string,
  sizeBytes: number,
): Promise<HttpUpload | undefined> {
  const { uploadPort: port } = registry;
  if (port === undefined || sizeBytes === 0) return undefined;
  const query = await signTicket(registry, { digest, sizeBytes, part: 0, actor: '' });
  return { port, path: `/v1/uploads/${digest}?${query}` };
}
