import { Blob } from 'node:buffer';
import { createHash } from 'node:crypto';
import {
  commit,
  createBranch,
  createRepo,
  deleteBranch,
  deleteFile,
  deleteRepo,
  downloadFile,
  listFiles,
  uploadFile,
  uploadFiles,
} from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile, digestOf } from '../../../checkpoints.fixture.ts';
import { startViews, type TestViews } from '../../start-views.fixture.ts';

const WRITER = 'hf_writer-token-0123456789';
const READER = 'hf_reader-token-0123456789';
const PUBLISHER = 'hf_publisher-token-0123456789';
const TOKENS = [
  { name: 'writer', token: WRITER, scopes: ['publish', 'promote'], aliases: ['team/'] },
  { name: 'reader', token: READER, scopes: ['read'] },
  { name: 'publisher', token: PUBLISHER, scopes: ['publish'] },
];

let views: TestViews;
beforeAll(async () => {
  views = await startViews({ tokens: TOKENS });
});
afterAll(() => views.stop());

const as = (accessToken: string) => ({ accessToken, hubUrl: views.url });
const model = (name: string) => ({ type: 'model' as const, name });
const file = (path: string, content: string | Uint8Array) => ({
  path,
  content: new Blob([content]) as globalThis.Blob,
});

async function namesOf(name: string, revision = 'main'): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of listFiles({ repo: model(name), revision, recursive: true, ...as(READER) }))
    found.push(path);
  return found.sort();
}

async function textOf(name: string, path: string, revision = 'main'): Promise<string | undefined> {
  const blob = await downloadFile({ repo: model(name), path, revision, xet: false, ...as(READER) });
  return blob?.text();
}

async function sha256Of(name: string, revision = 'main', path = 'model.safetensors'): Promise<string> {
  const blob = await downloadFile({ repo: model(name), path, revision, xet: false, ...as(READER) });
  return createHash('sha256')
    .update(new Uint8Array(await blob!.arrayBuffer()))
    .digest('hex');
}

/** A request as clients of other languages send it. */
function post(path: string, body: unknown, token = WRITER, method = 'POST'): Promise<Response> {
  return fetch(`${views.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

interface Answer {
  readonly commitOid: string;
  readonly objects: readonly [{ readonly actions?: { readonly upload: { readonly href: string } } }];
}
const jsonOf = async (response: Response): Promise<Answer> => (await response.json()) as Answer;
const ndjson = (...lines: unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
const header = (summary: string, parentCommit?: string) => ({
  key: 'header',
  value: { summary, parentCommit },
});
const added = (path: string, content: string | Uint8Array) => ({
  key: 'file',
  value: { content: Buffer.from(content).toString('base64'), path, encoding: 'base64' },
});

describe('the Hub’s JavaScript client', () => {
  it('makes a repository, uploads a checkpoint and files, and reads back what it wrote', async () => {
    await createRepo({ repo: model('team/net'), ...as(WRITER) });
    const bytes = checkpointFile(1);
    await uploadFiles({
      repo: model('team/net'),
      files: [
        file('model.safetensors', bytes),
        file('config.json', '{"a":1}'),
        file('logs/train.txt', 'loss 1'),
      ],
      commitTitle: 'first weights',
      ...as(WRITER),
    });
    expect(await namesOf('team/net')).toEqual([
      'README.md',
      'cassl.json',
      'config.json',
      'logs',
      'logs/train.txt',
      'model.safetensors',
    ]);
    expect(await sha256Of('team/net')).toBe(digestOf(bytes));
    expect(await textOf('team/net', 'config.json')).toBe('{"a":1}');
    expect(await textOf('team/net', 'logs/train.txt')).toBe('loss 1');
    const { digest, history } = await views.client.getAlias({ alias: 'team/net' });
    expect(digest).toBe(digestOf(bytes));
    expect(history).toMatchObject([{ actor: 'writer', reason: 'first weights' }]);
  });

  it('keeps what an earlier commit showed, and sends bytes that are known no second time', async () => {
    const before = (await views.client.getAlias({ alias: 'team/net' })).history[0]!.revision;
    await uploadFile({ repo: model('team/net'), file: file('config.json', '{"a":2}'), ...as(WRITER) });
    await uploadFile({
      repo: model('team/net'),
      file: file('model.safetensors', checkpointFile(2)),
      ...as(WRITER),
    });
    expect(await textOf('team/net', 'config.json', before)).toBe('{"a":1}');
    expect(await textOf('team/net', 'config.json')).toBe('{"a":2}');
    expect(await sha256Of('team/net', before)).toBe(digestOf(checkpointFile(1)));
    const known = await post('/team/net.git/info/lfs/objects/batch', {
      operation: 'upload',
      transfers: ['basic'],
      objects: [{ oid: digestOf(checkpointFile(1)), size: checkpointFile(1).length }],
    });
    expect((await jsonOf(known)).objects[0].actions).toBeUndefined();
  });

  it('makes and deletes branches and files', async () => {
    await createBranch({ repo: model('team/net'), branch: 'v2', ...as(WRITER) });
    await uploadFile({
      repo: model('team/net'),
      branch: 'v2',
      file: file('notes.txt', 'on v2'),
      ...as(WRITER),
    });
    expect(await textOf('team/net', 'notes.txt', 'v2')).toBe('on v2');
    expect(await textOf('team/net', 'notes.txt')).toBeUndefined();
    expect(await views.client.getAlias({ alias: 'team/net@v2' })).toMatchObject({
      digest: digestOf(checkpointFile(2)),
    });
    await deleteFile({ repo: model('team/net'), branch: 'v2', path: 'config.json', ...as(WRITER) });
    expect(await namesOf('team/net', 'v2')).not.toContain('config.json');
    await deleteBranch({ repo: model('team/net'), branch: 'v2', ...as(WRITER) });
    await expect(namesOf('team/net', 'v2')).rejects.toThrow(/Invalid rev id/);
  });

  it('renames weights in one commit, and refuses a second safetensors file beside them', async () => {
    const second = uploadFile({
      repo: model('team/net'),
      file: file('ema.safetensors', checkpointFile(3)),
      ...as(WRITER),
    });
    await expect(second).rejects.toThrow(/one safetensors file, here model.safetensors/);
    await commit({
      repo: model('team/net'),
      title: 'rename',
      operations: [
        { operation: 'delete', path: 'model.safetensors' },
        { operation: 'addOrUpdate', ...file('ema.safetensors', checkpointFile(3)) },
      ],
      ...as(WRITER),
    });
    expect(await sha256Of('team/net', 'main', 'ema.safetensors')).toBe(digestOf(checkpointFile(3)));
    expect(await namesOf('team/net')).not.toContain('model.safetensors');
  });

  it('shows files that come before the first weights, and keeps them beside them', async () => {
    await createRepo({ repo: model('team/early'), ...as(WRITER) });
    expect(await namesOf('team/early')).toEqual([]);
    await uploadFile({ repo: model('team/early'), file: file('README.md', '# early'), ...as(WRITER) });
    expect(await namesOf('team/early')).toEqual(['README.md']);
    expect(await textOf('team/early', 'README.md')).toBe('# early');
    await uploadFile({
      repo: model('team/early'),
      file: file('model.safetensors', checkpointFile(4)),
      ...as(WRITER),
    });
    expect(await textOf('team/early', 'README.md')).toBe('# early');
    expect(await sha256Of('team/early')).toBe(digestOf(checkpointFile(4)));
  });

  it('is told what a token may not do', async () => {
    for (const token of [READER, PUBLISHER]) {
      const upload = uploadFile({ repo: model('team/net'), file: file('x.json', '{}'), ...as(token) });
      await expect(upload).rejects.toThrow(/lacks the scope/);
    }
    await expect(createRepo({ repo: model('bank/net'), ...as(WRITER) })).rejects.toThrow(
      /may change aliases "team\/…" only/,
    );
    await expect(
      uploadFile({ repo: model('team/none'), file: file('x.json', '{}'), ...as(WRITER) }),
    ).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  it('deletes a repository, whose checkpoints and history stay', async () => {
    await createRepo({ repo: model('team/short'), ...as(WRITER) });
    await uploadFile({
      repo: model('team/short'),
      file: file('model.safetensors', checkpointFile(5)),
      ...as(WRITER),
    });
    await deleteRepo({ repo: model('team/short'), ...as(WRITER) });
    await expect(namesOf('team/short')).rejects.toMatchObject({ statusCode: 404 });
    expect((await views.client.getAlias({ alias: 'team/short' })).history).toHaveLength(2);
    expect(
      (await views.client.getCheckpoint({ reference: digestOf(checkpointFile(5)) })).checkpoint,
    ).toBeDefined();
  });
});

describe('a commit', () => {
  it('publishes weights sent inside it, in a line longer than a chunk', async () => {
    await createRepo({ repo: model('team/inline'), ...as(WRITER) });
    const bytes = checkpointFile(6, 400_000);
    const body = ndjson(header('inline'), added('model.safetensors', bytes), added('a.json', '{}'));
    const answer = await post('/api/models/team/inline/commit/main', body);
    expect(await answer.json()).toMatchObject({
      success: true,
      commitOid: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(await sha256Of('team/inline')).toBe(digestOf(bytes));
    expect(await textOf('team/inline', 'a.json')).toBe('{}');
  });

  it('takes its manifest from cassl.json, else licence, parents and tags from the card', async () => {
    const parent = digestOf(checkpointFile(6, 400_000));
    await createRepo({ repo: model('team/facts'), ...as(WRITER) });
    const card = `---\nlicense: mit\nbase_model: [checkpoints/${parent}, timm/resnet50]\ntags:\n- cassl\n- "data:coco"\n---\n# card\n`;
    await post(
      '/api/models/team/facts/commit/main',
      ndjson(header('card'), added('README.md', card), added('model.safetensors', checkpointFile(7))),
    );
    const { checkpoint } = await views.client.getCheckpoint({ reference: 'team/facts' });
    expect(checkpoint!.manifest).toMatchObject({ license: 'mit', parents: [parent], tags: { data: 'coco' } });
    const facts = JSON.stringify({
      manifest: { license: 'apache-2.0', stage: 'STAGE_WARMUP', iterations: 7 },
    });
    await post(
      '/api/models/team/facts/commit/main',
      ndjson(header('facts'), added('cassl.json', facts), added('model.safetensors', checkpointFile(8))),
    );
    const second = await views.client.getCheckpoint({ reference: 'team/facts' });
    expect(second.checkpoint!.manifest).toMatchObject({
      license: 'apache-2.0',
      stage: 'STAGE_WARMUP',
      iterations: 7,
    });
    expect(JSON.parse((await textOf('team/facts', 'cassl.json'))!)).toMatchObject({
      digest: `sha256:${digestOf(checkpointFile(8))}`,
    });
  });

  it('appends nothing when it changes nothing, and answers 412 to one that saw an older state', async () => {
    const { history } = await views.client.getAlias({ alias: 'team/facts' });
    const [newest, older] = history;
    const same = await post(
      '/api/models/team/facts/commit/main',
      ndjson(header('again', newest!.revision), added('model.safetensors', checkpointFile(8))),
    );
    expect((await jsonOf(same)).commitOid).toBe(newest!.revision);
    const late = await post(
      '/api/models/team/facts/commit/main',
      ndjson(header('late', older!.revision), added('x.json', '{}')),
    );
    expect(late.status).toBe(412);
    expect((await views.client.getAlias({ alias: 'team/facts' })).history).toHaveLength(2);
  });

  it('is bound by the rule of the alias, which it names', async () => {
    await views.client.setAliasRule({ alias: 'team/facts', rule: { licenses: ['cc0-1.0'] } });
    const answer = await post(
      '/api/models/team/facts/commit/main',
      ndjson(header('wrong licence'), added('model.safetensors', checkpointFile(9))),
    );
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-error-message')).toMatch(/licen[cs]e/);
    const found = await views.client.listCheckpoints({ pageSize: 1_000 });
    expect(found.checkpoints.map(({ digest }) => digest)).not.toContain(digestOf(checkpointFile(9)));
  });

  it.each([
    ['a path out of its folder', added('../x', 'x'), 400],
    ['a path of git', added('.git/config', 'x'), 400],
    ['weights that are no safetensors', added('model.safetensors', 'not weights at all'), 400],
    [
      'weights that were not uploaded',
      { key: 'lfsFile', value: { path: 'm.safetensors', oid: 'a'.repeat(64) } },
      400,
    ],
    [
      'a large file that is no safetensors',
      { key: 'lfsFile', value: { path: 'm.bin', oid: 'a'.repeat(64) } },
      400,
    ],
    ['the deletion of what is not there', { key: 'deletedFile', value: { path: 'nothing.txt' } }, 404],
    ['the deletion of the weights', { key: 'deletedFile', value: { path: 'model.safetensors' } }, 400],
    ['a file above the limit', added('big.txt', 'x'.repeat(2 ** 21 + 1)), 400],
    ['a line of another kind', { key: 'symlink', value: { path: 'a' } }, 400],
  ])('with %s is refused with a message, and changes nothing', async (_, line, status) => {
    const before = await views.client.getAlias({ alias: 'team/inline' });
    const answer = await post(
      '/api/models/team/inline/commit/main',
      ndjson(header('bad'), added('ok.json', '1'), line),
    );
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-error-message')).not.toBe('');
    expect(await views.client.getAlias({ alias: 'team/inline' })).toEqual(before);
  });

  it.each(['', 'no json', '[]', '{"key":1}'])('of the body %j is refused or empty', async (body) => {
    const answer = await post('/api/models/team/inline/commit/main', body);
    expect([200, 400]).toContain(answer.status);
    if (body !== '') expect(answer.status).toBe(400);
  });
});

describe('an upload address', () => {
  async function hrefOf(bytes: Uint8Array): Promise<string> {
    const answer = await post('/team/inline.git/info/lfs/objects/batch', {
      operation: 'upload',
      transfers: ['basic'],
      objects: [{ oid: digestOf(bytes), size: bytes.length }],
    });
    return (await jsonOf(answer)).objects[0].actions!.upload.href;
  }

  it('takes the right bytes without a token, and no others', async () => {
    const bytes = checkpointFile(10);
    const href = await hrefOf(bytes);
    const wrong = await fetch(href, { method: 'PUT', body: Buffer.from(checkpointFile(11)) });
    expect(wrong.status).toBe(400);
    const short = await fetch(href, { method: 'PUT', body: Buffer.from(bytes.subarray(1)) });
    expect(short.status).toBe(400);
    expect((await fetch(href, { method: 'PUT', body: Buffer.from(bytes) })).status).toBe(200);
    expect((await fetch(href, { method: 'PUT', body: Buffer.from(bytes) })).status).toBe(200);
    // Nobody sees it before its commit.
    const found = await views.client.listCheckpoints({ pageSize: 1_000 });
    expect(found.checkpoints.map(({ digest }) => digest)).not.toContain(digestOf(bytes));
    expect(
      (
        await views.get(`/v1/checkpoints/${digestOf(bytes)}/file`, {
          headers: { authorization: `Bearer ${READER}` },
        })
      ).status,
    ).toBe(404);
  });

  it.each(['size', 'part', 'until', 'actor', 'ticket'])('with another %s is refused', async (name) => {
    const href = new URL(await hrefOf(checkpointFile(12)));
    href.searchParams.set(name, `${href.searchParams.get(name)}1`);
    const answer = await fetch(href, { method: 'PUT', body: Buffer.from(checkpointFile(12)) });
    expect(answer.status).toBe(403);
  });
});

describe('tags', () => {
  it('name what a branch was, take no commits, and go away', async () => {
    expect((await post('/api/models/team/inline/tag/main', { tag: 'v1.0', message: 'first' })).status).toBe(
      201,
    );
    expect((await post('/api/models/team/inline/tag/main', { tag: 'v1.0' })).status).toBe(409);
    const refs = await (
      await views.get('/api/models/team/inline/refs', { headers: { authorization: `Bearer ${READER}` } })
    ).json();
    expect(refs).toMatchObject({
      branches: [{ name: 'main' }],
      tags: [{ name: 'v1.0', ref: 'refs/tags/v1.0' }],
    });
    const onTag = await post(
      '/api/models/team/inline/commit/v1.0',
      ndjson(header('x'), added('x.json', '{}')),
    );
    expect(onTag.status).toBe(400);
    expect(await textOf('team/inline', 'a.json', 'v1.0')).toBe('{}');
    expect((await post('/api/models/team/inline/tag/v1.0', {}, WRITER, 'DELETE')).status).toBe(200);
    await expect(namesOf('team/inline', 'v1.0')).rejects.toThrow(/Invalid rev id/);
  });
});

describe('files beside the weights', () => {
  it('follow a promotion by its name, and nobody else’s', async () => {
    await createBranch({ repo: model('team/inline'), branch: 'candidate', ...as(WRITER) });
    await views.client.setAlias({
      alias: 'team/inline@prod',
      reference: 'team/inline@candidate',
      reason: 'good',
    });
    expect(await textOf('team/inline', 'a.json', 'prod')).toBe('{}');
    const digest = digestOf(checkpointFile(6, 400_000));
    await views.client.setAlias({ alias: 'other/inline', reference: digest, reason: 'by digest' });
    expect(await namesOf('other/inline')).toEqual(['README.md', 'cassl.json', 'model.safetensors']);
  });
});
