import { CasslError } from '@cassl/errors';
import type { Failure, View, ViewRequest } from '../http/request.ts';
import { sendFile } from '../http/send-file.ts';
import { sendJson } from '../http/send-json.ts';
import { everyAlias, findRepo, findVersion, type Repo } from '../repos/find-repo.ts';
import { isRepoId, repoOfAlias } from '../repos/repo-id.ts';
import { findBlob } from './find-blob.ts';
import { imageIndex, type OciDocument } from './image.ts';
import { modelPack } from './model-pack.ts';

/** Below this name repositories are ModelPack artifacts, elsewhere images. */
const MODEL_PACK = 'modelpack';

/**
 * OCI distribution, for pulling. `{namespace}/{name}:{branch}` is an image with the files under `/models`,
 * `modelpack/{namespace}/{name}:{branch}` the same as a ModelPack artifact.
 */
export const ociView: View = { owns: ([version]) => version === 'v2', handle: route, fail };

async function route(request: ViewRequest): Promise<void> {
  request.response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw ociError(
      'UNSUPPORTED',
      'this registry is for pulling; checkpoints are published by `cassl push` or gRPC',
      405,
    );
  const path = request.path.slice(1);
  if (path.length === 0) return sendJson(request, {});
  if (path.length === 1 && path[0] === '_catalog') return sendCatalog(request);
  const kind = path.at(-2);
  const last = path.at(-1) ?? '';
  const { repo, isModelPack } = await repository(request, path.slice(0, -2));
  if (kind === 'tags' && last === 'list') return sendTags(request, path.slice(0, -2).join('/'), repo);
  if (kind === 'manifests') return sendManifest(request, repo, last, isModelPack);
  if (kind === 'blobs') return sendBlob(request, last, 'BLOB_UNKNOWN');
  throw ociError('NAME_UNKNOWN', 'no such address', 404);
}

async function repository(
  request: ViewRequest,
  name: readonly string[],
): Promise<{ repo: Repo; isModelPack: boolean }> {
  const isModelPack = name.length === 3 && name[0] === MODEL_PACK;
  const id = (isModelPack ? name.slice(1) : name).join('/');
  const repo = await findRepo(request.registry, id);
  if (repo === undefined)
    throw ociError('NAME_UNKNOWN', `repository ${name.join('/').slice(0, 200)} is not known`, 404);
  return { repo, isModelPack };
}

async function sendManifest(
  request: ViewRequest,
  repo: Repo,
  reference: string,
  isModelPack: boolean,
): Promise<void> {
  if (reference.startsWith('sha256:')) return sendBlob(request, reference, 'MANIFEST_UNKNOWN');
  const version = await findVersion(request.registry, repo, reference === 'latest' ? 'main' : reference);
  if (version === undefined)
    throw ociError('MANIFEST_UNKNOWN', `tag ${reference.slice(0, 200)} is not in ${repo.id}`, 404);
  const options = { digest: version.digest, framework: repo.framework, id: repo.id };
  const document: OciDocument = await (isModelPack ? modelPack : imageIndex)(request, options);
  await sendFile(
    request,
    { ...document.file, contentType: document.mediaType },
    { 'docker-content-digest': `sha256:${document.file.sha256}` },
  );
}

async function sendBlob(request: ViewRequest, digest: string, unknown: string): Promise<void> {
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (sha256 === undefined)
    throw ociError('DIGEST_INVALID', `${digest.slice(0, 200)} is no sha256 digest`, 400);
  const found = await findBlob(request, sha256);
  if (found === undefined || (unknown === 'MANIFEST_UNKNOWN' && found.mediaType === undefined))
    throw ociError(unknown, `${digest} is not here`, 404);
  const { file, mediaType } = found;
  const served = mediaType === undefined ? file : { ...file, contentType: mediaType };
  await sendFile(request, served, { 'docker-content-digest': digest });
}

/** Tags as the specification spells them; a branch with other characters is found by its revision. */
const TAG = /^\w[\w.-]{0,127}$/;

function sendTags(request: ViewRequest, name: string, { branches }: Repo): void {
  const tags = branches.map((branch) => branch.name).filter((tag) => TAG.test(tag));
  sendJson(request, { name, tags: [...new Set([...tags, 'latest'])].sort() });
}

async function sendCatalog(request: ViewRequest): Promise<void> {
  const ids = new Set<string>();
  for await (const { alias } of everyAlias(request.registry)) {
    const { id } = repoOfAlias(alias);
    if (isRepoId(id)) ids.add(id);
  }
  sendJson(request, { repositories: [...ids].sort() });
}

function ociError(code: string, message: string, status: number): CasslError {
  return new CasslError(status === 404 ? 'NOT_FOUND' : 'INVALID_ARGUMENT', message, {
    details: { ociCode: code, status },
  });
}

function fail({ method, response }: ViewRequest, { status, message, error }: Failure): void {
  const details = error instanceof CasslError ? error.details : {};
  const code =
    typeof details.ociCode === 'string' ? details.ociCode : status === 401 ? 'UNAUTHORIZED' : 'UNKNOWN';
  sendJson(
    { method, response },
    { errors: [{ code, message }] },
    {
      status: typeof details.status === 'number' ? details.status : status,
      headers: status === 401 ? { 'www-authenticate': 'Basic realm="cassl"' } : {},
    },
  );
}
