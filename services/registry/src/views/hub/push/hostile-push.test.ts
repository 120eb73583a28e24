import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile } from '../../../checkpoints.fixture.ts';
import { onEachDatabase } from '../../../postgres.fixture.ts';
import { startViews, type TestViews } from '../../start-views.fixture.ts';

const lines = (...all: unknown[]): string => all.map((line) => `${JSON.stringify(line)}\n`).join('');
const file = (path: string, content: string | Uint8Array) => ({
  key: 'file',
  value: { path, content: Buffer.from(content).toString('base64'), encoding: 'base64' },
});
const header = (summary: unknown) => ({ key: 'header', value: { summary } });
const card = (head: string): string => `---\n${head}\n---\n# Card\n`;

/** What `cassl.json` may say of new weights, and whether they are taken. */
const FACTS: readonly (readonly [string, string, number])[] = [
  ['no JSON', 'not json', 400],
  ['null', 'null', 400],
  ['a list', '[]', 200],
  ['a number for a manifest', '{"manifest":5}', 200],
  ['a text for its parents', '{"manifest":{"parents":"abc"}}', 200],
  ['a parent that is no digest', '{"manifest":{"parents":["best"]}}', 400],
  ['a parent that is not here', `{"manifest":{"parents":["${'a'.repeat(64)}"]}}`, 400],
  ['a negative seed', '{"manifest":{"seed":-5}}', 400],
  ['half a seed', '{"manifest":{"seed":1.5}}', 400],
  ['a seed beyond all numbers', '{"manifest":{"seed":1e300}}', 400],
  ['a seed beyond 2^53', '{"manifest":{"seed":"9007199254740993"}}', 400],
  ['no number of iterations', '{"manifest":{"iterations":"many"}}', 400],
  ['a stage of its own', '{"manifest":{"stage":"STAGE_BEST"}}', 200],
  ['a licence with NUL', '{"manifest":{"license":"a\\u0000b"}}', 400],
  ['a tag with NUL', '{"manifest":{"tags":{"a":"b\\u0000"}}}', 400],
  ['a name with NUL in its model', '{"manifest":{"model":{"a\\u0000":1}}}', 400],
  ['half a character', '{"manifest":{"license":"MIT \\ud800"}}', 200],
  ['half a character in its model', '{"manifest":{"model":{"a":"\\udc00"}}}', 200],
  [
    '2,000 tags',
    JSON.stringify({
      manifest: { tags: Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`t${i}`, ''])) },
    }),
    400,
  ],
  ['a long tag', JSON.stringify({ manifest: { tags: { a: 'x'.repeat(5_000) } } }), 400],
  ['a long licence', JSON.stringify({ manifest: { license: 'x'.repeat(1_100_000) } }), 400],
  ['names that every object has', '{"manifest":{"tags":{"__proto__":"x","constructor":"y"}}}', 200],
];

const CARDS: readonly (readonly [string, string, number])[] = [
  ['no YAML', card('{ ]['), 200],
  ['a licence with NUL', card('license: "a\\0b"'), 400],
  ['a licence of a megabyte', card(`license: ${'x'.repeat(1_200_000)}`), 400],
  ['a licence that is a list of maps', card('license: [{a: b}]\ntags: {a: b}'), 200],
  ['half a character', card('license: "MIT \\ud800"'), 200],
  [
    'aliases of aliases',
    card(
      `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`},*${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}\ntags: *b29`,
    ),
    200,
  ],
  ['a thousand tags', card(`tags: [${Array.from({ length: 1_000 }, (_, i) => `"k${i}:v"`).join(',')}]`), 200],
];

/** Pushes as no client of the Hub's makes them, to either database. */
function contract(name: string, databaseUrl: () => string | undefined): void {
  describe(name, () => {
    let views: TestViews;
    let seed = 200;
    beforeAll(async () => {
      const url = databaseUrl();
      views = await startViews(url === undefined ? {} : { databaseUrl: url });
      await views.client.listAliases({});
    });
    afterAll(() => views.stop());

    const post = (path: string, body: string): Promise<Response> =>
      fetch(`${views.url}/api/models/team/net/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    const create = (id: string): Promise<Response> =>
      fetch(`${views.url}/api/repos/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: id, organization: 'team' }),
      });
    /** Its status and, where it was refused, why. */
    const pushed = async (summary: unknown, ...files: object[]): Promise<[number, string]> => {
      const weights = file('model.safetensors', checkpointFile(seed++));
      const answer = await post('commit/main', lines(header(summary), weights, ...files));
      return [answer.status, await answer.text()];
    };

    it('weights with facts of any kind are taken or refused, and never cost the answer', async () => {
      expect((await create('net')).status).toBe(200);
      for (const [what, facts, expected] of FACTS) {
        const [status, text] = await pushed('facts', file('cassl.json', facts));
        expect(`${what}: ${status} ${status === expected ? '' : text}`).toBe(`${what}: ${expected} `);
      }
    });

    it('so are weights with cards of any kind', async () => {
      for (const [what, text, expected] of CARDS) {
        const [status, reason] = await pushed('card', file('README.md', text));
        expect(`${what}: ${status} ${status === expected ? '' : reason}`).toBe(`${what}: ${expected} `);
      }
    });

    it.each([
      ['NUL', 'a\0b', 400],
      ['half a character', 'half \ud83d', 200],
      ['a megabyte', 'x'.repeat(1_000_000), 200],
      ['a number', 5, 200],
      ['nothing', undefined, 200],
    ])('a summary of %s is answered %s', async (_, summary, status) => {
      expect((await pushed(summary))[0]).toBe(status);
    });

    it('tags with messages of any kind are made or refused', async () => {
      const tag = async (name: string, message: unknown): Promise<number> =>
        (await post('tag/main', JSON.stringify({ tag: name, message }))).status;
      expect(await tag('v1', 'first')).toBe(201);
      expect(await tag('v1', 'again')).toBe(409);
      expect(await tag('v2', 'a\0b')).toBe(400);
      expect(await tag('v3', 'half \ud83d')).toBe(201);
      expect(await tag('v4', 'x'.repeat(5_000))).toBe(400);
      expect(await tag('v5', { not: 'a text' })).toBe(201);
      expect(await tag('a b', '')).toBe(400);
      expect(await tag('../up', '')).toBe(400);
    });

    it.each([
      '../model.safetensors',
      '/etc/passwd',
      'a//b',
      'a/./b',
      '.git/config',
      'a\\b',
      'a\u0000b',
      'x'.repeat(256),
      '',
    ])('a file at %j is refused', async (path) => {
      const [status] = await pushed('path', file(path, 'x'));
      expect(status).toBe(400);
    });

    it('a file may be called as every object’s parts are, and is read back', async () => {
      for (const path of ['__proto__', 'constructor', 'toString', 'a/__proto__/b']) {
        const [status] = await pushed('odd', file(path, `of ${path}`));
        expect(status).toBe(200);
        expect(await (await views.get(`/team/net/resolve/main/${path}`)).text()).toBe(`of ${path}`);
      }
      expect((await views.get('/team/net/resolve/main/hasOwnProperty')).status).toBe(404);
      const names = (await (await views.get('/api/models/team/net/tree/main?recursive=1')).json()) as {
        path: string;
      }[];
      expect(names.map(({ path }) => path)).toEqual(
        expect.arrayContaining(['__proto__', 'constructor', 'toString']),
      );
    });

    it('and in the end the branch is what the last commit left', async () => {
      const bytes = checkpointFile(seed);
      expect((await pushed('last'))[0]).toBe(200);
      const weights = await views.get('/team/net/resolve/main/model.safetensors');
      const sha256 = createHash('sha256')
        .update(new Uint8Array(await weights.arrayBuffer()))
        .digest('hex');
      expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    });
  });
}

onEachDatabase('a push', contract);
