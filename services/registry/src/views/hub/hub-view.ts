import { CasslError } from '@cassl/errors';
import type { Failure, View, ViewRequest } from '../http/request.ts';
import { sendJson } from '../http/send-json.ts';
import { hubNotFound } from './hub-errors.ts';
import { sendModels } from './list-models.ts';
import { sendCommits, sendModelInfo, sendRefs } from './model-info.ts';
import { sendResolved } from './resolve-file.ts';
import { receiveCommit } from './push/commit.ts';
import { sendBatch } from './push/lfs-batch.ts';
import { completeObject, noGit, receiveObject, verifyObject } from './push/lfs-upload.ts';
import { sendUploadModes } from './push/preupload.ts';
import { createBranch, createTag, deleteRef } from './push/refs.ts';
import { createRepo, deleteRepo } from './push/repositories.ts';
import { sendPathsInfo, sendTree } from './tree.ts';

/** The Hugging Face Hub's HTTP API, as its clients call it with `HF_ENDPOINT` set to this port. */
export const hubView: View = {
  owns: (path) =>
    path[0] === 'api' || path[2] === 'resolve' || path[2] === 'raw' || path.length === 2 || isGit(path),
  handle: route,
  fail,
};

function isGit(path: readonly string[]): boolean {
  return path[1]?.endsWith('.git') === true;
}

async function route(request: ViewRequest): Promise<void> {
  const { path, method } = request;
  if (path[0] === 'api') return routeApi(request);
  if (isGit(path)) return routeLfs(request);
  const [namespace = '', name = '', , revision, ...file] = path;
  if ((method !== 'GET' && method !== 'HEAD') || revision === undefined || file.length === 0)
    throw hubNotFound('EntryNotFound', 'no such file');
  return sendResolved(request, `${namespace}/${name}`, revision, file);
}

/** `/{id}.git/info/lfs/objects/…` */
async function routeLfs(request: ViewRequest): Promise<void> {
  const { path, method } = request;
  const [namespace = '', repo = '', info, lfs, objects, object = '', verb] = path;
  if (info !== 'info' || lfs !== 'lfs' || objects !== 'objects') throw noGit();
  if (method === 'PUT') return receiveObject(request, object);
  if (method !== 'POST') throw noGit();
  if (object === 'batch') return sendBatch(request, `${namespace}/${repo.slice(0, -'.git'.length)}`);
  if (object === 'verify') return verifyObject(request);
  if (verb === 'complete') return completeObject(request, object);
  throw noGit();
}

async function routeApi(request: ViewRequest): Promise<void> {
  const { path, method } = request;
  const [, kind, namespace, name, verb, revision = 'main', ...rest] = path;
  if (kind === 'whoami-v2') return sendWho(request);
  // Asked when a card is pushed; there is nothing to object to.
  if (kind === 'validate-yaml') return sendJson(request, { errors: [], warnings: [] });
  if (kind === 'repos' && method === 'POST' && namespace === 'create') return createRepo(request);
  if (kind === 'repos' && method === 'DELETE' && namespace === 'delete') return deleteRepo(request);
  if (kind !== 'models') throw hubNotFound('RepoNotFound', 'only models are served here');
  if (namespace === undefined) return sendModels(request);
  if (name === undefined)
    throw hubNotFound('RepoNotFound', `Repository ${namespace.slice(0, 200)} not found`);
  const id = `${namespace}/${name}`;
  if (method === 'GET' || method === 'HEAD') return readApi(request, id, verb, [revision, ...rest]);
  return changeApi(request, id, verb, revision);
}

async function readApi(
  request: ViewRequest,
  id: string,
  verb: string | undefined,
  [revision = 'main', ...rest]: readonly string[],
): Promise<void> {
  switch (verb) {
    case undefined:
    case 'revision':
      return sendModelInfo(request, id, revision);
    case 'tree':
      return sendTree(request, id, revision, rest);
    case 'refs':
      return sendRefs(request, id);
    case 'commits':
      return sendCommits(request, id, revision);
    case 'xet-write-token':
      throw hubNotFound(
        'EntryNotFound',
        'Xet is not spoken here: set HF_HUB_DISABLE_XET=1 to push files of this size',
      );
    default:
      throw hubNotFound('EntryNotFound', 'no such address');
  }
}

async function changeApi(
  request: ViewRequest,
  id: string,
  verb: string | undefined,
  name: string,
): Promise<void> {
  switch (`${request.method} ${verb ?? ''}`) {
    case 'POST paths-info':
      return sendPathsInfo(request, id, name);
    case 'POST preupload':
      return sendUploadModes(request, id, name);
    case 'POST commit':
      return receiveCommit(request, id, name);
    case 'POST branch':
      return createBranch(request, id, name);
    case 'POST tag':
      return createTag(request, id, name);
    case 'DELETE branch':
      return deleteRef(request, id, 'branch', name);
    case 'DELETE tag':
      return deleteRef(request, id, 'tag', name);
    default:
      throw new CasslError(
        'UNIMPLEMENTED',
        `${request.method} of ${verb ?? 'a repository'} is not served here`,
      );
  }
}

function sendWho(request: ViewRequest): void {
  const { name, scopes } = request.identity;
  const role = scopes.has('publish') && scopes.has('promote') ? 'write' : 'read';
  sendJson(request, {
    type: 'user',
    id: name,
    name,
    fullname: name,
    // Where one may push, and where repositories without a namespace are.
    orgs: [{ type: 'org', id: 'cassl', name: 'cassl', fullname: 'cassl' }],
    auth: { type: 'access_token', accessToken: { displayName: name, role } },
  });
}

/** A repository that one may not see is answered like one that is not there. */
function fail({ method, response }: ViewRequest, { status, message, error }: Failure): void {
  const details = error instanceof CasslError ? error.details : {};
  const isAnonymous = details.reason === 'TOKEN_MISSING';
  const code = isAnonymous ? 'RepoNotFound' : details.hubCode;
  sendJson(
    { method, response },
    // The URL of a repository that exists already: its maker goes on with it.
    { error: message, ...(typeof details.url === 'string' ? { url: details.url } : {}) },
    {
      status: typeof details.status === 'number' ? details.status : status,
      headers: {
        'x-error-message': headerText(message),
        ...(typeof code === 'string' ? { 'x-error-code': code } : {}),
        // With the commit, clients remember that a file is not there.
        ...(typeof details.revision === 'string' ? { 'x-repo-commit': details.revision } : {}),
        ...(status === 401 ? { 'www-authenticate': 'Bearer realm="cassl"' } : {}),
      },
    },
  );
}

function headerText(text: string): string {
  return text
    .replaceAll('…', '...')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 500);
}
