import {
  AliasChangeKind,
  AliasRule,
  Evaluation,
  Stage,
  type AliasChange,
  type SetAliasRequest,
} from '@cassl/proto';
import fc from 'fast-check';
import { truncate } from 'node:fs/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { attachEvaluation } from '../checkpoints/attach-evaluation.ts';
import { useRegistry } from '../registry.fixture.ts';
import { deleteAlias } from './delete-alias.ts';
import { aliasHistory, getAlias } from './get-alias.ts';
import { listAliases, listAliasPage } from './list-aliases.ts';
import { resolveReference } from './resolve-reference.ts';
import { revisionOf } from './revision.ts';
import { rollbackAlias, rollbackTarget } from './rollback-alias.ts';
import { setAliasRule } from './set-alias-rule.ts';
import { setAlias } from './set-alias.ts';
import { newestSequence, watchChanges } from './watch-changes.ts';

const test = useRegistry();
const MOVER = { reason: '', actor: 'ada', expectedDigest: '' };
const move = (
  alias: string,
  reference: string,
  changes: Partial<SetAliasRequest> = {},
): Promise<AliasChange> =>
  setAlias(test.registry, { alias, reference, ...MOVER, onlyIfNew: false, validateOnly: false, ...changes });
const remove = (alias: string): Promise<AliasChange> => deleteAlias(test.registry, { alias, ...MOVER });
const rollback = (alias: string): Promise<AliasChange> => rollbackAlias(test.registry, { alias, ...MOVER });
const rule = (alias: string, of: object | undefined): Promise<AliasChange> =>
  setAliasRule(test.registry, { alias, rule: of && AliasRule.fromPartial(of), reason: '', actor: '' });
const where = async (alias: string): Promise<string> =>
  (await getAlias(test.registry, { alias, at: undefined })).digest;

let a: string;
let b: string;
let c: string;
beforeAll(async () => {
  a = await test.publish(1, { stage: Stage.STAGE_WARMUP, license: 'MIT' });
  b = await test.publish(2, { stage: Stage.STAGE_WARMUP, license: 'MIT' });
  c = await test.publish(3, { stage: Stage.STAGE_LABELER, license: 'secret', parents: [a] });
});

describe('moving an alias', () => {
  it('that is repeated appends nothing and gives the same answer', async () => {
    const first = await move('repeated', a);
    expect(await move('repeated', a)).toEqual(first);
    const second = await move('repeated', b, { expectedDigest: a });
    expect(await move('repeated', b, { expectedDigest: a })).toEqual(second);
    expect(await aliasHistory(test.registry, 'repeated')).toHaveLength(2);
  });

  it('from another place than expected is refused with where it is', async () => {
    await move('expected', a);
    await expect(move('expected', b, { expectedDigest: c })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `alias expected points to ${a}, not to the expected_digest ${c}`,
    });
    await expect(move('nowhere', b, { expectedDigest: c })).rejects.toMatchObject({
      message: `alias nowhere points nowhere, not to the expected_digest ${c}`,
    });
    await expect(where('nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('only if it is new lets one of many be first, each of whom may repeat', async () => {
    const results = await Promise.allSettled(
      [a, b, c].map((digest) => move('new', digest, { onlyIfNew: true })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const digest = await where('new');
    expect((await move('new', digest, { onlyIfNew: true })).digest).toBe(digest);
  });

  it('on trial answers what would happen, and changes nothing', async () => {
    await move('trial', a);
    expect(await move('trial', b, { validateOnly: true })).toMatchObject({ digest: b, previousDigest: a });
    expect(await where('trial')).toBe(a);
    await expect(move('unborn', a, { validateOnly: true })).resolves.toMatchObject({ digest: a });
    await expect(where('unborn')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    [{ alias: 'Best' }, 'alias'],
    [{ alias: 'deadbeef' }, 'not look like a digest'],
    [{ reason: 'x'.repeat(1025) }, 'reason must be at most 1024 bytes, got 1025'],
    [{ reason: 'é'.repeat(513) }, 'reason must be at most 1024 bytes, got 1026'],
    [{ actor: 'x'.repeat(257) }, 'actor must be at most 256 bytes, got 257'],
    [{ expectedDigest: 'abc' }, 'expected_digest must be a sha256 of 64 lower-case hex digits, got "abc"'],
    [{ reference: '' }, 'reference must be a digest'],
  ])('with %o is refused by the field', async (changes, message) => {
    await expect(move('checked', a, changes)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  it('to a file that cannot be served is refused', async () => {
    const damaged = await test.publish(4);
    await truncate(test.fileOf(damaged), 100);
    await expect(move('damaged', damaged)).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  it('is written down so that a rewritten history no longer adds up', async () => {
    for (const digest of [a, b, c, a]) await move('chained', digest);
    const history = (await aliasHistory(test.registry, 'chained')).reverse();
    let before = '';
    for (const { alias, digest, previousDigest, reason, changedAt, kind, actor, revision } of history) {
      const content = {
        alias,
        digest,
        previous_digest: previousDigest,
        reason,
        changed_at: changedAt!,
        kind,
        actor,
      };
      expect(revision).toBe(revisionOf(before, content));
      expect(revisionOf(before, { ...content, actor: 'eve' })).not.toBe(revision);
      before = revision;
    }
    const times = history.map(({ changedAt }) => changedAt!.getTime());
    expect(times).toEqual([...new Set(times)].sort((x, y) => x - y));
  });
});

describe('an alias at a time', () => {
  it('is where its newest change until then left it', async () => {
    const changes = [
      await move('timed', a),
      await move('timed', b),
      await remove('timed'),
      await move('timed', c),
    ];
    const at = (index: number): Date => changes[index]!.changedAt!;
    for (const [index, { digest }] of changes.entries()) {
      expect((await getAlias(test.registry, { alias: 'timed', at: at(index) })).digest).toBe(digest);
    }
    await expect(
      getAlias(test.registry, { alias: 'timed', at: new Date(at(0).getTime() - 1) }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('did not exist at') });
    await expect(resolveReference(test.registry, 'timed', { at: at(2) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('was deleted at'),
    });
  });
});

describe('rolling back', () => {
  it('goes one move further back each time, over deletions, until there is nothing', async () => {
    for (const digest of [a, b, c]) await move('back', digest);
    await remove('back');
    expect((await rollback('back')).digest).toBe(c);
    expect((await rollback('back')).digest).toBe(b);
    expect((await rollback('back')).digest).toBe(a);
    await expect(rollback('back')).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'alias back has no earlier place to go back to',
    });
  });

  it('never stays where it is, and only leads to where the alias has been', () => {
    const { MOVE, DELETE, RULE } = {
      MOVE: AliasChangeKind.ALIAS_CHANGE_KIND_MOVE,
      DELETE: AliasChangeKind.ALIAS_CHANGE_KIND_DELETE,
      RULE: AliasChangeKind.ALIAS_CHANGE_KIND_RULE,
    };
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'delete', 'rule', 'back'), { maxLength: 25 });
    fc.assert(
      fc.property(steps, (life) => {
        const history: AliasChange[] = [];
        for (const step of life) {
          const now = history[0]?.digest ?? '';
          const target = rollbackTarget(history);
          if (target !== undefined) {
            expect(target).not.toBe('');
            expect(target).not.toBe(now);
            expect(history.map(({ digest }) => digest)).toContain(target);
          }
          const entry = (kind: AliasChangeKind, digest: string): void =>
            void history.unshift({ kind, digest, previousDigest: now } as AliasChange);
          if (step === 'rule') entry(RULE, now);
          if (step === 'delete' && now !== '') entry(DELETE, '');
          if (step.length === 1 && step !== now) entry(MOVE, step);
          if (step === 'back' && target !== undefined)
            entry(AliasChangeKind.ALIAS_CHANGE_KIND_ROLLBACK, target);
        }
      }),
    );
  });
});

describe('deleting an alias', () => {
  it('twice is harmless, and of one that never was is NOT_FOUND', async () => {
    await move('deleted', a);
    expect(await remove('deleted')).toEqual(await remove('deleted'));
    await expect(remove('never')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(resolveReference(test.registry, 'deleted')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('the rule of an alias', () => {
  const DATA = 'd'.repeat(64);
  const measured = (digest: string, id: string, ap: number): Promise<string> =>
    attachEvaluation(test.registry, {
      reference: digest,
      evaluation: Evaluation.fromPartial({ id, datasetDigest: DATA, metrics: { 'bbox/AP': ap } }),
    });

  it('asks for a margin that is reached exactly, although binary numbers have no hundredths', async () => {
    await measured(a, 'm1', 0.56);
    await measured(b, 'm1', 0.57);
    await move('margin', a);
    await rule('margin', { metric: 'bbox/AP', datasetDigest: DATA, margin: 0.01 });
    expect((await move('margin', b)).digest).toBe(b);
    await expect(move('margin', a)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('its bbox/AP is 0.56, which must be at least 0.58'),
    });
  });

  it('counts the newest of several evaluations, and the other way round where lower is better', async () => {
    await measured(c, 'l1', 0.9);
    await measured(c, 'l2', 0.1);
    await rule('lower', { metric: 'bbox/AP', datasetDigest: DATA, minValue: 0.2, lowerIsBetter: true });
    expect((await move('lower', c)).digest).toBe(c);
    await rule('higher', { metric: 'bbox/AP', datasetDigest: DATA, minValue: 0.2 });
    await expect(move('higher', c)).rejects.toThrow('its bbox/AP is 0.1, which must be at least 0.2');
  });

  it('tells all that is missing at once, also of what it was made from', async () => {
    const of = {
      stage: Stage.STAGE_WARMUP,
      licenses: ['Apache-2.0'],
      metric: 'segm/AP',
      datasetDigest: DATA,
    };
    await rule('strict', of);
    const refusal = (await move('strict', c).catch((error: unknown) => error)) as Error;
    for (const words of [
      'evaluation of segm/AP',
      'STAGE_LABELER',
      `secret of sha256:${c}`,
      `MIT of sha256:${a}`,
    ]) {
      expect(refusal.message).toContain(words);
    }
  });

  it('that is removed holds nobody up', async () => {
    await rule('free', { stage: Stage.STAGE_FINETUNE });
    await expect(move('free', a)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await rule('free', undefined);
    expect((await move('free', a)).digest).toBe(a);
    expect((await getAlias(test.registry, { alias: 'free', at: undefined })).rule).toBeUndefined();
  });

  it.each([
    [{ minValue: 1 }, 'rule.metric must be set'],
    [{ metric: 'x', datasetDigest: 'short' }, 'rule.dataset_digest must be a sha256'],
    [{ metric: 'x'.repeat(257), datasetDigest: DATA }, 'rule.metric must be at most 256 characters, got 257'],
    [{ metric: 'x', datasetDigest: DATA, margin: NaN }, 'rule.margin must be a finite number, got NaN'],
    [{ metric: 'x', datasetDigest: DATA, minValue: Infinity }, 'rule.min_value must be a finite number'],
    [{ licenses: ['MIT', ''] }, 'rule.licenses[1] must not be empty'],
    [{ licenses: ['x'.repeat(257)] }, 'rule.licenses[0] must be at most 256 characters, got 257'],
    [{ licenses: Array<string>(101).fill('MIT') }, 'rule.licenses must be at most 100, got 101'],
  ])('%o is refused by the field', async (of, message) => {
    await expect(rule('checked', of)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});

describe('lists of aliases', () => {
  beforeAll(async () => {
    for (const name of ['p/a', 'p/b', 'p/c', 'p-a', 'q/a']) await move(name, a);
    await move('p/gone', a);
    await remove('p/gone');
  });

  it('hold those under a prefix that point somewhere, in order, by page', async () => {
    const names = (of: readonly { alias: string }[]): string[] => of.map(({ alias }) => alias);
    expect(names(await listAliases(test.registry, { prefix: 'p/' }))).toEqual(['p/a', 'p/b', 'p/c']);
    const first = await listAliasPage(test.registry, { prefix: 'p/', pageSize: 2, pageToken: '' });
    const second = await listAliasPage(test.registry, {
      prefix: 'p/',
      pageSize: 2,
      pageToken: first.nextPageToken,
    });
    expect([names(first.aliases), names(second.aliases)]).toEqual([['p/a', 'p/b'], ['p/c']]);
    expect(second.nextPageToken).toBe('');
    await expect(
      listAliasPage(test.registry, { prefix: '', pageSize: 1001, pageToken: '' }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a reference', () => {
  it('is a digest, eight or more of its digits, or an alias, with or without its algorithm', async () => {
    await move('named', b);
    for (const reference of [b, `sha256:${b}`, b.slice(0, 8), b.slice(0, 63), 'named']) {
      expect(await resolveReference(test.registry, reference)).toBe(b);
    }
    for (const reference of ['0'.repeat(8), b.slice(0, 7), 'unknown', '%', '_'.repeat(8), "' or 1=1 --"]) {
      await expect(resolveReference(test.registry, reference)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('a watch of changes', () => {
  it('tells every change after its beginning, in order, and leaves no listener behind', async () => {
    const stop = new AbortController();
    const from = await newestSequence(test.registry);
    for (const digest of [a, b]) await move('watched', digest);
    const seen: string[] = [];
    for await (const { change } of watchChanges(test.registry, from, stop.signal)) {
      if (change?.$case === 'aliasMoved') seen.push(change.value.digest);
      if (seen.length === 2) void move('watched', c);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([a, b, c]);
    await vi.waitUntil(() => test.registry.changed.listenerCount('change') === 0, { timeout: 5000 });
  });

  it('ends with the reason of its signal while it waits', async () => {
    const stop = new AbortController();
    const watch = watchChanges(test.registry, await newestSequence(test.registry), stop.signal);
    const next = watch.next();
    stop.abort(new Error('the client left'));
    await expect(next).rejects.toThrow('the client left');
    expect(test.registry.changed.listenerCount('change')).toBe(0);
  });
});
