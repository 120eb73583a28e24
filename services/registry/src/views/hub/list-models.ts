import type { ViewRequest } from '../http/request.ts';
import { sendJson } from '../http/send-json.ts';
import { everyAlias, findRepo } from '../repos/find-repo.ts';
import { isRepoId, repoOfAlias } from '../repos/repo-id.ts';
import { summary } from './model-info.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** `GET /api/models?author=&search=&limit=`: repositories in name order, the rest behind a `Link`. */
export async function sendModels(request: ViewRequest): Promise<void> {
  const { query, registry, origin } = request;
  const search = query.get('search')?.toLowerCase() ?? '';
  const author = query.get('author') ?? '';
  const after = query.get('cursor') ?? '';
  const asked = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const limit = Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_LIMIT) : DEFAULT_LIMIT;
  const ids = new Set<string>();
  for await (const { alias } of everyAlias(registry)) {
    const { id } = repoOfAlias(alias);
    const fits = isRepoId(id) && id.includes(search) && (author === '' || id.startsWith(`${author}/`));
    if (fits && id > after) ids.add(id);
  }
  const page = [...ids].sort().slice(0, limit);
  const repos = await Promise.all(page.map((id) => findRepo(registry, id)));
  const last = page.at(-1);
  const next = new URLSearchParams(query);
  next.set('cursor', last ?? '');
  sendJson(
    request,
    repos.flatMap((repo) => {
      const [first] = repo?.branches ?? [];
      if (repo === undefined || first === undefined) return [];
      const lastModified = first.changedAt.toISOString();
      return [{ ...summary(repo, first), createdAt: lastModified, lastModified }];
    }),
    {
      headers:
        last !== undefined && ids.size > page.length
          ? { link: `<${origin}/api/models?${next.toString()}>; rel="next"` }
          : {},
    },
  );
}
