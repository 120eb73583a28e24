import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { invalidArgument } from '@cassl/errors';
import { authorizeAlias } from '@cassl/rpc';
import { commitAlias } from '../../../aliases/commit-alias.ts';
import { MAX_SMALL_BYTES, type FileOperation } from '../../../aliases/commit-files.ts';
import { describeSmallFile } from '../../../aliases/file-set.ts';
import { checkDigest } from '../../../check-request.ts';
import { stageFile } from '../../../checkpoints/staged-files.ts';
import type { ViewRequest } from '../../http/request.ts';
import { sendJson } from '../../http/send-json.ts';
import { commitLines, type CommitLine } from './commit-lines.ts';
import { manifestOf } from './commit-manifest.ts';
import { MAX_INLINE_BYTES } from './preupload.ts';
import { checkPath, FACTS, isWeights } from './push-path.ts';
import { auditPush, pushTarget } from './push-request.ts';
import { openSpool } from './spool.ts';

/** Weights and what comes with them. */
const MAX_COMMIT_BYTES = MAX_INLINE_BYTES + 64 * 2 ** 20;
const MAX_REASON_BYTES = 1_000;

/** `POST …/commit/{branch}`, NDJSON: publishes new weights and moves the alias, all or nothing. */
export async function receiveCommit(request: ViewRequest, id: string, branch: string): Promise<void> {
  const { alias } = await pushTarget(request, id, branch);
  const spool = await openSpool(MAX_COMMIT_BYTES);
  try {
    const operations: FileOperation[] = [];
    let header: Readonly<Record<string, unknown>> = {};
    for await (const line of commitLines(request.request, spool)) {
      if (line.key === 'header') header = line.value;
      else operations.push(await operationOf(request, line));
    }
    const kept = operations.filter(({ kind, path }) => kind === 'delete' || path !== FACTS);
    const manifest = await manifestOf(request.registry.db, operations);
    authorizeAlias(request.identity, alias);
    const commit = { alias, operations: kept, manifest, parent: textOf(header.parentCommit) };
    const mover = { actor: request.identity.name, reason: reasonOf(header) };
    const revision = await commitAlias(request.registry, { ...commit, ...mover }, request.signal);
    auditPush(request, 'commit', { alias, revision });
    const commitUrl = `${request.origin}/${id}/commit/${revision}`;
    sendJson(request, { success: true, commitUrl, commitOid: revision, hookOutput: '' });
  } finally {
    await spool.remove();
  }
}

async function operationOf(request: ViewRequest, line: CommitLine): Promise<FileOperation> {
  const { key, value } = line;
  const path = checkPath(textOf(value.path).replace(/\/+$/, ''));
  switch (key) {
    case 'file':
      return isWeights(path)
        ? inlineWeights(request, path, line)
        : { kind: 'add', path, content: await smallContent(path, line) };
    case 'lfsFile':
      if (!isWeights(path)) throw invalidArgument(`${path}: only safetensors files are kept as large files`);
      return { kind: 'weights', path, digest: checkDigest('lfsFile.oid', textOf(value.oid)) };
    case 'deletedFile':
    case 'deletedEntry':
      return { kind: 'delete', path, isFolder: false };
    case 'deletedFolder':
      return { kind: 'delete', path, isFolder: true };
    default:
      throw invalidArgument(
        `a commit's lines are header, file, lfsFile, deletedFile or deletedFolder, got ${key.slice(0, 40)}`,
      );
  }
}

/** Weights below the size of inline files: stored like any, once their sha256 is known. */
async function inlineWeights(request: ViewRequest, path: string, line: CommitLine): Promise<FileOperation> {
  const { content } = line;
  const bytes = content === undefined ? decoded(path, line.value) : undefined;
  const { sha256: digest, sizeBytes } = content ?? describeSmallFile(bytes ?? Buffer.alloc(0));
  const chunks =
    content === undefined
      ? one(bytes ?? Buffer.alloc(0))
      : createReadStream(content.path, { highWaterMark: 2 ** 20 });
  await stageFile(
    request.registry,
    { digest, sizeBytes, offset: 0 },
    chunks as AsyncIterable<Buffer>,
    request.signal,
  );
  return { kind: 'weights', path, digest };
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

async function smallContent(path: string, { value, content }: CommitLine): Promise<Buffer> {
  const sizeBytes = content?.sizeBytes ?? 0;
  const bytes = content === undefined ? decoded(path, value) : undefined;
  if (Math.max(sizeBytes, bytes?.length ?? 0) > MAX_SMALL_BYTES)
    throw invalidArgument(`${path}: a file beside the weights must be at most ${MAX_SMALL_BYTES} bytes`);
  return bytes ?? readFile(content?.path ?? '');
}

function decoded(path: string, { content, encoding = 'utf-8' }: CommitLine['value']): Buffer {
  if (typeof content !== 'string' || (encoding !== 'base64' && encoding !== 'utf-8'))
    throw invalidArgument(`${path}: a file needs its content, and the encoding base64 or utf-8`);
  return Buffer.from(content, encoding);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function reasonOf({ summary, description }: Readonly<Record<string, unknown>>): string {
  const text = [summary, description]
    .map(textOf)
    .filter((part) => part !== '')
    .join('\n\n');
  return Buffer.from(text)
    .subarray(0, MAX_REASON_BYTES)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}
