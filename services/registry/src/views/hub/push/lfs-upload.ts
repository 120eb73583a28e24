import { CasslError, failedPrecondition, invalidArgument } from '@cassl/errors';
import { authorize } from '@cassl/rpc';
import { checkDigest } from '../../../check-request.ts';
import { isKept, stageFile, stagePart } from '../../../checkpoints/staged-files.ts';
import { checkTicket, type UploadTicket } from '../../../checkpoints/upload-ticket.ts';
import { readJson } from '../../http/read-body.ts';
import type { ViewRequest } from '../../http/request.ts';
import { sendJson } from '../../http/send-json.ts';
import { PART_BYTES } from './lfs-batch.ts';

const MAX_JSON_BYTES = 1_000_000;

/** `PUT …/objects/{sha256}` with a ticket: a whole file, or one part of it. */
export async function receiveObject(request: ViewRequest, digest: string): Promise<void> {
  const ticket = await checkTicket(request.registry, checkDigest('the object', digest), request.query);
  const { start, end } = rangeOf(ticket);
  const length = request.request.headers['content-length'];
  if (length !== undefined && Number(length) !== end - start)
    throw invalidArgument(`the body must be ${end - start} bytes, got ${length}`);
  const upload = { digest, sizeBytes: ticket.sizeBytes, offset: start };
  const chunks = request.request as AsyncIterable<Buffer>;
  if (end === ticket.sizeBytes) await stageFile(request.registry, upload, chunks, request.signal);
  else await stagePart(request.registry, { ...upload, end }, chunks, request.signal);
  sendJson(request, {}, { headers: { etag: `"${digest.slice(0, 16)}-${ticket.part}"` } });
}

function rangeOf({ sizeBytes, part }: UploadTicket): { start: number; end: number } {
  if (part === 0) return { start: 0, end: sizeBytes };
  const start = (part - 1) * PART_BYTES;
  return { start, end: Math.min(start + PART_BYTES, sizeBytes) };
}

/** `POST …/objects/{sha256}/complete` after the last part, with a ticket. */
export async function completeObject(request: ViewRequest, digest: string): Promise<void> {
  await checkTicket(request.registry, checkDigest('the object', digest), request.query);
  await answerKept(request, digest);
}

/** `POST …/objects/verify` `{oid, size}`, with a token. */
export async function verifyObject(request: ViewRequest): Promise<void> {
  authorize(request.identity, 'publish');
  const { oid } = await readJson(request.request, MAX_JSON_BYTES);
  await answerKept(request, checkDigest('oid', String(oid)));
}

async function answerKept(request: ViewRequest, digest: string): Promise<void> {
  if (!(await isKept(request.registry, digest)))
    throw failedPrecondition(`the bytes of ${digest} are not here whole: send them again`);
  sendJson(request, {});
}

/** What git itself would ask for. */
export function noGit(): CasslError {
  return new CasslError('UNIMPLEMENTED', 'there is no git here: use the HTTP API of huggingface_hub');
}
