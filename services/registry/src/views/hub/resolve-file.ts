import type { ViewRequest } from '../http/request.ts';
import { sendFile } from '../http/send-file.ts';
import { hubNotFound } from './hub-errors.ts';
import { hubFile, hubRepo, hubVersion } from './hub-repo.ts';

/** `HEAD` and `GET /{id}/resolve/{revision}/{path}` (and `/raw/`): a file with its commit, for ranges and resumption. */
export async function sendResolved(
  request: ViewRequest,
  id: string,
  revision: string,
  path: readonly string[],
): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  const name = path.join('/');
  const file = await hubFile(request, repo, version, name);
  if (file === undefined)
    throw hubNotFound('EntryNotFound', `${name.slice(0, 200)} is not in ${id}`, version.revision);
  await sendFile(request, file, {
    'x-repo-commit': version.revision,
    'x-linked-size': String(file.sizeBytes),
    'x-linked-etag': `"${file.etag}"`,
    'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(path.at(-1) ?? name)}`,
  });
}
