import { CasslError, invalidArgument } from '@cassl/errors';
import { isKept } from '../../../checkpoints/staged-files.ts';
import { signTicket } from '../../../checkpoints/upload-ticket.ts';
import { readJson } from '../../http/read-body.ts';
import type { ViewRequest } from '../../http/request.ts';
import { sendJson } from '../../http/send-json.ts';
import { pushTarget } from './push-request.ts';

const LFS_TYPE = 'application/vnd.git-lfs+json';
const MAX_JSON_BYTES = 1_000_000;
/** A multiple of S3's parts, so that each part is with the store when it is answered. */
export const PART_BYTES = 64 * 2 ** 20;
const MAX_BYTES = 1e12;
/** Above this S3's own parts grow and no longer fill ours. */
const MAX_PARTED_BYTES = 80e9;

interface LfsObject {
  readonly oid: string;
  readonly size: number;
}

/** `POST /{id}.git/info/lfs/objects/batch`: for each file where its bytes go; nothing for bytes that are here. */
export async function sendBatch(request: ViewRequest, id: string): Promise<void> {
  const body = await readJson(request.request, MAX_JSON_BYTES);
  const { name } = (body.ref ?? {}) as { name?: unknown };
  await pushTarget(request, id, typeof name === 'string' ? name : 'main');
  if (body.operation !== 'upload')
    throw new CasslError('UNIMPLEMENTED', 'files are downloaded at /resolve/, not by LFS');
  if (!Array.isArray(body.objects)) throw invalidArgument('objects must be an array of {oid, size}');
  const isParted = takesParts(request, body);
  const objects = (body.objects as unknown[]).map(checkedObject);
  const answers = objects.map((object) => actionsFor(request, id, object, isParted));
  sendJson(
    request,
    { transfer: isParted ? 'multipart' : 'basic', objects: await Promise.all(answers), hash_algo: 'sha256' },
    { headers: { 'content-type': LFS_TYPE } },
  );
}

/** Python's client sends part after part, and a broken one again; JavaScript's sends five at once and none again. */
function takesParts({ request }: ViewRequest, { transfers }: Record<string, unknown>): boolean {
  const isSequential = request.headers['user-agent']?.includes('hf_hub/') === true;
  return isSequential && Array.isArray(transfers) && transfers.includes('multipart');
}

function checkedObject(object: unknown): LfsObject {
  const { oid, size } = (object ?? {}) as { oid?: unknown; size?: unknown };
  if (typeof oid !== 'string' || !/^[0-9a-f]{64}$/.test(oid))
    throw invalidArgument('objects[].oid must be a sha256 of 64 lower-case hex digits');
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 8 || size > MAX_BYTES)
    throw invalidArgument(`objects[].size must be 8 to ${MAX_BYTES} bytes, got ${String(size)}`);
  return { oid, size };
}

async function actionsFor(
  request: ViewRequest,
  id: string,
  { oid, size }: LfsObject,
  isParted: boolean,
): Promise<Record<string, unknown>> {
  if (await isKept(request.registry, oid)) return { oid, size };
  const base = `${request.origin}/${id}.git/info/lfs/objects`;
  const href = async (path: string, part: number): Promise<string> => {
    const ticket = { digest: oid, sizeBytes: size, part, actor: request.identity.name };
    return `${base}/${path}?${await signTicket(request.registry, ticket)}`;
  };
  const verify = { href: `${base}/verify` };
  const count = Math.ceil(size / PART_BYTES);
  if (!isParted || count === 1 || size > MAX_PARTED_BYTES)
    return { oid, size, actions: { upload: { href: await href(oid, 0) }, verify } };
  const header: Record<string, string> = { chunk_size: String(PART_BYTES) };
  for (let part = 1; part <= count; part++) header[part] = await href(oid, part);
  return { oid, size, actions: { upload: { href: await href(`${oid}/complete`, 0), header }, verify } };
}
