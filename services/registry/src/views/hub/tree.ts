import { createHash } from 'node:crypto';
import { readBody } from '../http/read-body.ts';
import type { ViewRequest } from '../http/request.ts';
import { sendJson } from '../http/send-json.ts';
import { hubFiles, hubRepo, hubVersion, type HubFiles } from './hub-repo.ts';
import { hubNotFound } from './hub-errors.ts';

export interface TreeFile {
  readonly type: 'file';
  readonly oid: string;
  readonly size: number;
  readonly path: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

interface TreeFolder {
  readonly type: 'directory';
  readonly oid: string;
  readonly size: 0;
  readonly path: string;
}

/** A git-lfs pointer file: three lines, of which only the size's length varies. */
function pointerSize(sizeBytes: number): number {
  return (
    'version https://git-lfs.github.com/spec/v1\noid sha256:\nsize \n'.length + 64 + String(sizeBytes).length
  );
}

/** Every file with its size and digest; a framework's weights are digested when they are first asked for. */
export async function treeOf({ weights, texts }: HubFiles): Promise<TreeFile[]> {
  const entries: TreeFile[] = [...texts].map(([path, file]) => ({
    type: 'file',
    oid: file.gitOid,
    size: file.sizeBytes,
    path,
  }));
  if (weights !== undefined) {
    const { sizeBytes: size, sha256: oid } = await weights.open();
    const lfs = { oid, size, pointerSize: pointerSize(size) };
    entries.push({ type: 'file', oid: oid.slice(0, 40), size, path: weights.name, lfs });
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `GET …/tree/{revision}[/{folder}]?recursive=` */
export async function sendTree(
  request: ViewRequest,
  id: string,
  revision: string,
  folder: readonly string[],
): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  const files = await treeOf(await hubFiles(request, repo, version));
  const prefix = folder.length === 0 ? '' : `${folder.join('/')}/`;
  const inside = files.filter(({ path }) => path.startsWith(prefix));
  if (inside.length === 0 && folder.length > 0)
    throw hubNotFound('EntryNotFound', `${folder.join('/')} is no folder of ${id}`, version.revision);
  const isRecursive = ['true', '1'].includes(request.query.get('recursive')?.toLowerCase() ?? '');
  const folders = foldersOf(inside, prefix, isRecursive);
  const shown = isRecursive ? inside : inside.filter(({ path }) => !path.slice(prefix.length).includes('/'));
  sendJson(request, [...folders, ...shown], { headers: { 'x-repo-commit': version.revision } });
}

function foldersOf(files: readonly TreeFile[], prefix: string, isRecursive: boolean): TreeFolder[] {
  const paths = new Set<string>();
  for (const { path } of files) {
    const parts = path.slice(prefix.length).split('/').slice(0, -1);
    const depth = isRecursive ? parts.length : Math.min(1, parts.length);
    for (let length = 1; length <= depth; length++) paths.add(prefix + parts.slice(0, length).join('/'));
  }
  return [...paths].sort().map((path) => ({
    type: 'directory',
    oid: createHash('sha1').update(path).digest('hex'),
    size: 0,
    path,
  }));
}

const MAX_PATHS_BYTES = 1_000_000;

/** `POST …/paths-info/{revision}`, a form or JSON: the entries of those paths that exist. */
export async function sendPathsInfo(request: ViewRequest, id: string, revision: string): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  const body = (await readBody(request.request, MAX_PATHS_BYTES)).toString('utf8');
  const wanted = new Set(pathsOf(request.request.headers['content-type'] ?? '', body));
  const files = await treeOf(await hubFiles(request, repo, version));
  const entries = [...foldersOf(files, '', true), ...files];
  sendJson(
    request,
    entries.filter(({ path }) => wanted.has(path)),
  );
}

function pathsOf(contentType: string, body: string): string[] {
  if (!contentType.includes('json')) return new URLSearchParams(body).getAll('paths');
  try {
    const { paths } = JSON.parse(body) as { paths?: unknown };
    return [paths].flat().filter((path) => typeof path === 'string');
  } catch {
    return [];
  }
}
