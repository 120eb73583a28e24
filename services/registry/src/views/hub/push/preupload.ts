import { invalidArgument } from '@cassl/errors';
import { MAX_SMALL_BYTES } from '../../../aliases/commit-files.ts';
import { readJson } from '../../http/read-body.ts';
import type { ViewRequest } from '../../http/request.ts';
import { sendJson } from '../../http/send-json.ts';
import { hubFiles, hubVersion } from '../hub-repo.ts';
import { treeOf, type TreeFile } from '../tree.ts';
import { pushTarget } from './push-request.ts';
import { checkPath, isWeights } from './push-path.ts';

const MAX_JSON_BYTES = 4_000_000;
/**
 * huggingface_hub for Python sends files of the mode "lfs" by Xet, which is not spoken here, unless HF_HUB_DISABLE_XET is set. Up
 * to this size it is told to send weights inside the commit, so that nothing needs to be set; it holds them there in memory.
 */
export const MAX_INLINE_BYTES = 192 * 2 ** 20;

/** `POST …/preupload/{branch}`: how each file is to be sent, and what the branch has under its name. */
export async function sendUploadModes(request: ViewRequest, id: string, branch: string): Promise<void> {
  const { repo } = await pushTarget(request, id, branch);
  const files = filesOf(await readJson(request.request, MAX_JSON_BYTES));
  const weights = files.filter(({ path }) => isWeights(path));
  if (weights.length > 1)
    throw invalidArgument(
      `a branch has one safetensors file, got ${weights.length}: ${weights
        .map(({ path }) => path)
        .slice(0, 3)
        .join(', ')}, …`,
    );
  const isPython = request.request.headers['user-agent']?.includes('hf_hub/') === true;
  const present = await presentFiles(request, repo, branch);
  sendJson(request, {
    files: files.map(({ path, size }) => {
      const isInline = !isWeights(path) || (isPython && size <= MAX_INLINE_BYTES);
      const known = present.get(path);
      const oid = isInline ? known?.oid : known?.lfs?.oid;
      return {
        path,
        uploadMode: isInline ? 'regular' : 'lfs',
        shouldIgnore: false,
        ...(oid === undefined ? {} : { oid }),
      };
    }),
  });
}

/** By path; empty for a branch that is to be made. */
async function presentFiles(
  request: ViewRequest,
  repo: Parameters<typeof hubVersion>[1],
  branch: string,
): Promise<ReadonlyMap<string, TreeFile>> {
  const version = await hubVersion(request, repo, branch).catch(() => undefined);
  if (version === undefined) return new Map();
  const tree = await treeOf(await hubFiles(request, repo, version));
  return new Map(tree.map((file) => [file.path, file]));
}

interface AnnouncedFile {
  readonly path: string;
  readonly size: number;
}

function filesOf({ files }: Record<string, unknown>): AnnouncedFile[] {
  if (!Array.isArray(files)) throw invalidArgument('files must be an array of {path, size}');
  return (files as unknown[]).map((file) => {
    const { path, size } = (file ?? {}) as { path?: unknown; size?: unknown };
    if (typeof path !== 'string' || typeof size !== 'number')
      throw invalidArgument('files must be an array of {path, size}');
    checkPath(path);
    if (!isWeights(path) && size > MAX_SMALL_BYTES)
      throw invalidArgument(
        `${path} has ${size} bytes: a repository holds one safetensors file, and beside it files of at most ${MAX_SMALL_BYTES} bytes`,
      );
    return { path, size };
  });
}
