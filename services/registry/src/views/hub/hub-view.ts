import { CasslError } from '@cassl/errors';
import type { Failure, View, ViewRequest } from '../http/request.ts';
import { sendJson } from '../http/send-json.ts';
import { hubNotFound } from './hub-errors.ts';
import { sendModels } from './list-models.ts';
import { sendCommits, sendModelInfo, sendRefs } from './model-info.ts';
import { sendResolved } from './resolve-file.ts';
import { sendPathsInfo, sendTree } from './tree.ts';

/** The Hugging Face Hub's HTTP API, as its clients call it with `HF_ENDPOINT` set to this port. */
export const hubView: View = {
  owns: (path) => path[0] === 'api' || path[2] === 'resolve' || path[2] === 'raw' || path.length === 2,
  handle: route,
  fail,
};

async function route(request: ViewRequest): Promise<void> {
  const { path, method } = request;
  if (path[0] === 'api') return routeApi(request);
  const [namespace = '', name = '', , revision, ...file] = path;
  if ((method !== 'GET' && method !== 'HEAD') || revision === undefined || file.length === 0)
    throw hubNotFound('EntryNotFound', 'no such file');
  return sendResolved(request, `${namespace}/${name}`, revision, file);
}

async function routeApi(request: ViewRequest): Promise<void> {
  const { path, method } = request;
  const [, kind, namespace, name, verb, revision = 'main', ...rest] = path;
  if (kind === 'whoami-v2') return sendWho(request);
  // Asked when a card is pushed; there is nothing to object to.
  if (kind === 'validate-yaml') return sendJson(request, { errors: [], warnings: [] });
  if (kind !== 'models') throw hubNotFound('RepoNotFound', 'only models are served here');
  if (namespace === undefined) return sendModels(request);
  if (name === undefined)
    throw hubNotFound('RepoNotFound', `Repository ${namespace.slice(0, 200)} not found`);
  const id = `${namespace}/${name}`;
  if (method === 'POST' && verb === 'paths-info') return sendPathsInfo(request, id, revision);
  if (method !== 'GET' && method !== 'HEAD') {
    throw new CasslError(
      'UNIMPLEMENTED',
      'checkpoints are published by `cassl push` or gRPC, not through this API',
    );
  }
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
    default:
      throw hubNotFound('EntryNotFound', 'no such address');
  }
}

function sendWho(request: ViewRequest): void {
  sendJson(request, {
    type: 'user',
    id: 'cassl',
    name: 'cassl',
    fullname: 'cassl',
    orgs: [],
    auth: { type: 'access_token', accessToken: { displayName: 'cassl', role: 'read' } },
  });
}

/** A repository that one may not see is answered like one that is not there. */
function fail({ method, response }: ViewRequest, { status, message, error }: Failure): void {
  const details = error instanceof CasslError ? error.details : {};
  const isAnonymous = details.reason === 'TOKEN_MISSING';
  const code = isAnonymous ? 'RepoNotFound' : details.hubCode;
  sendJson(
    { method, response },
    { error: message },
    {
      status,
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
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500);
}
