import { readBody } from '../http/read-body.ts';
import type { ViewRequest } from '../http/request.ts';
import { sendJson } from '../http/send-json.ts';
import type { RepoFiles } from '../repos/repo-files.ts';
import { hubFiles, hubRepo, hubVersion } from './hub-repo.ts';
import { hubNotFound } from './hub-errors.ts';

interface TreeEntry {
  readonly type: 'file';
  readonly oid: string;
  readonly size: number;
  readonly path: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** A git-lfs pointer file: three lines, of which only the size's length varies. */
function pointerSize(sizeBytes: number): number {
  return (
    'version https://git-lfs.github.com/spec/v1\noid sha256:\nsize \n'.length + 64 + String(sizeBytes).length
  );
}

/** Every file with its size and digest; a framework's weights are digested when they are first asked for. */
export async function treeOf({ weights, texts }: RepoFiles): Promise<TreeEntry[]> {
  const { sizeBytes: size, sha256: oid } = await weights.open();
  const entries: TreeEntry[] = [...texts].map(([path, file]) => ({
    type: 'file',
    oid: file.gitOid,
    size: file.sizeBytes,
    path,
  }));
  const lfs = { oid, size, pointerSize: pointerSize(size) };
  entries.push({ type: 'file', oid: oid.slice(0, 40), size, path: weights.name, lfs });
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `GET …/tree/{revision}[/{folder}]`; repositories are flat, so a folder is never there. */
export async function sendTree(
  request: ViewRequest,
  id: string,
  revision: string,
  folder: readonly string[],
): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  if (folder.length > 0)
    throw hubNotFound('EntryNotFound', `${folder.join('/')} is no folder of ${id}`, version.revision);
  sendJson(request, await treeOf(await hubFiles(request, repo, version)), {
    headers: { 'x-repo-commit': version.revision },
  });
}

const MAX_PATHS_BYTES = 1_000_000;

/** `POST …/paths-info/{revision}`, a form or JSON: the entries of those paths that exist. */
export async function sendPathsInfo(request: ViewRequest, id: string, revision: string): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  const body = (await readBody(request.request, MAX_PATHS_BYTES)).toString('utf8');
  const wanted = new Set(pathsOf(request.request.headers['content-type'] ?? '', body));
  const entries = await treeOf(await hubFiles(request, repo, version));
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
