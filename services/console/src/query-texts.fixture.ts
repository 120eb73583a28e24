/** Queries of each route that has some, and a right value of each. The bodies of the routes that take one are photos and tokens. */
export function rightQueries({ set }: { readonly set: string }): Readonly<Record<string, Query>> {
  const most = { most: '3' };
  const filter = { minScore: '0.1', maxScore: '0.9', minSize: '0.1', maxSize: '0.9', category: '0' };
  const page = { show: 'all', order: 'pool', from: '0', count: '5', masks: '1', ...filter };
  return {
    'GET /api/pipelines/events': most,
    'GET /api/trainings/events': most,
    'GET /api/labelings/events': most,
    'GET /api/trainings/watch': { ids: 'a,b' },
    'GET /api/label-sets/of-evaluation': { evaluation: 'e1', above: '0.3' },
    'GET /api/label-sets/scores': { set },
    'GET /api/label-sets/head': { set, job: 'a-labeling', evaluation: 'e1' },
    'GET /api/label-sets/images': { set, job: 'a-labeling', evaluation: 'e1', ...page },
    'GET /api/label-sets/picture': { set, at: '1', size: '320' },
    'GET /api/registry/checkpoints': { after: '' },
    'GET /api/registry/alias': { name: 'demo/a' },
    'POST /api/try': { checkpoint: 'demo/a' },
    'GET /api/logs': { service: 'trainer', job: 'a' },
    'GET /api/session/oidc/callback': { code: 'a', state: 'b' },
  };
}

type Query = Readonly<Record<string, string>>;

/** What nobody means, or somebody means badly. */
export const ODD_TEXTS: readonly string[] = [
  ...['', ' ', '-1', '0', '1.5', '1e308', '1e999', 'NaN', 'Infinity', '-Infinity', '0x10', '0b1', '1 ', '+1'],
  ...['9007199254740993', '99999999999999999999', '2147483648', 'true', 'null', 'undefined', '[]', '{}'],
  ...['a b', 'a\0b', 'line\nbreak', '../x', '..', '%', '%00', ',', ',,,a', 'a,a,a', '😀'.repeat(200)],
  ...['__proto__', 'constructor', 'toString', 'x'.repeat(1500), 'file:///etc/passwd', 'file:///dev/zero'],
  ...[
    'file:///',
    'file://host/x',
    's3://',
    's3://bucket/../x',
    'http://127.0.0.1:1/',
    'sha256:xyz',
    '\u202e',
  ],
];
