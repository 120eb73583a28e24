import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type HttpService = 'labeler' | 'registry' | 'console';

const CONSOLE_TABLE = join(import.meta.dirname, '../../services/console/src/http/route-scopes.ts');
/** What its pages ask with. */
const CONSOLE_QUERIES = [
  ...['set', 'job', 'evaluation', 'above', 'show', 'order', 'minScore', 'maxScore', 'minSize', 'maxSize'],
  ...[
    'category',
    'from',
    'count',
    'masks',
    'at',
    'size',
    'most',
    'ids',
    'after',
    'name',
    'checkpoint',
    'service',
  ],
];
/** Signing in has no scope, and stands in no table of scopes. */
const SIGN_IN = [
  '/api/session',
  '/api/session/ways',
  '/api/session/oidc',
  '/api/session/oidc/callback?code=*&state=*',
];

/** Routes of the labeler's faces and of the registry's views; `*` is a text of someone else. */
const KNOWN: Readonly<Record<'labeler' | 'registry', readonly string[]>> = {
  labeler: [
    '/',
    '/openapi.json',
    '/metrics',
    '/v1/detect?model=*&threshold=*&masks=*',
    '/v2',
    '/v2/health/ready',
    '/v2/models/*',
    '/v2/models/*/ready',
    '/v2/models/*/config',
    '/v2/models/*/stats',
    '/v2/models/*/versions/*/infer',
    '/v2/models/*/infer',
    '/v2/models/stats',
    '/v2/repository/index',
    '/v2/repository/models/*/load',
    '/v2/repository/models/*/unload',
    '/v2/trace/setting',
    '/v2/logging',
    '/v2/systemsharedmemory/status',
    '/v2/systemsharedmemory/region/*/register',
    '/v2/cudasharedmemory/region/*/register',
    '/v2/systemsharedmemory/region/*/unregister',
    '/api/functions',
    '/api/functions/*',
    '/api/function_invocations',
    '/label-studio/*/predict',
    '/label-studio/setup',
    '/label-studio/validate',
    '/label-studio/health',
  ],
  registry: [
    '/v1/checkpoints/*',
    '/v1/checkpoints/*?for=*',
    '/v1/checkpoints/*/file?for=*&container=*',
    '/v1/checkpoints/*/for/*/*',
    '/v1/checkpoints/*/for/onnx/model.onnx?outputs=*',
    '/v1/checkpoints/*/tfjs/model.json',
    '/v1/checkpoints/*/tfjs/*',
    '/api/models?search=*&limit=*&cursor=*',
    '/api/models/*',
    '/api/models/*/revision/*',
    '/api/models/*/tree/*',
    '/*/resolve/*/*',
    '/v2/',
    '/v2/*/manifests/*',
    '/v2/*/blobs/*',
    '/v2/*/tags/list?n=*&last=*',
    '/v2/_catalog?n=*',
    '/modelpack/*',
    '/*',
  ],
};

/** The routes of every HTTP port; those of the console from its own table, with all queries that it has. */
export async function httpRoutes(): Promise<Readonly<Record<HttpService, readonly string[]>>> {
  const table = await readFile(CONSOLE_TABLE, 'utf8');
  const paths = [...table.matchAll(/'[A-Z]+ (\/api\/[^']*)'/g)].map(([, path]) => path ?? '');
  const query = CONSOLE_QUERIES.map((name) => `${name}=*`).join('&');
  const asked = paths.map((path) => `${path.replaceAll(/:\w+/g, '*')}?${query}`);
  return { ...KNOWN, console: [...asked, ...SIGN_IN, '/assets/*', '/*'] };
}
