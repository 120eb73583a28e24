import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AliasRule, Evaluation, Manifest, Stage } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitAlias } from './aliases/commit-alias.ts';
import { setAliasRule } from './aliases/set-alias-rule.ts';
import { setAlias } from './aliases/set-alias.ts';
import { attachEvaluation } from './checkpoints/attach-evaluation.ts';
import { getCheckpoint } from './checkpoints/get-checkpoint.ts';
import { getLineage } from './checkpoints/lineage.ts';
import { listCheckpoints } from './checkpoints/list-checkpoints.ts';
import { checkpointFile, digestOf, NEVER, publish } from './checkpoints.fixture.ts';
import { onEachDatabase } from './postgres.fixture.ts';
import { openRegistry, type Registry } from './registry.ts';
import { pruneCheckpoints } from './upkeep/prune-checkpoints.ts';

const DATASET = 'd'.repeat(64);
/** Of which no index of PostgreSQL makes a shorter row. */
const noise = (bytes: number): string => {
  let text = '';
  for (let i = 0; text.length < bytes; i++) text += digestOf(Buffer.from(String(i)));
  return text.slice(0, bytes);
};
const tagsOf = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${index}`, 'v']));

/** Requests that one of the databases could not keep, or that would cost all of the process. */
function contract(name: string, databaseUrl: () => string | undefined): void {
  describe(name, () => {
    let folder: string;
    let registry: Registry;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
      const logger = createLogger({ name: 'registry', level: 'silent' });
      registry = await openRegistry({ dataDir: folder, databaseUrl: databaseUrl(), logger });
    });
    afterAll(async () => {
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    });
    const list = (tags: Record<string, string>) =>
      listCheckpoints(registry, { stage: Stage.STAGE_UNSPECIFIED, tags, pageSize: 0, pageToken: '' });
    const evaluate = (reference: string, evaluation: Partial<Evaluation>): Promise<string> =>
      attachEvaluation(registry, {
        reference,
        evaluation: Evaluation.fromPartial({ datasetDigest: DATASET, ...evaluation }),
      });

    it('keeps the longest and most tags that it takes, and finds by them', async () => {
      const tags = { ...tagsOf(999), ['k'.repeat(24)]: noise(1_000) };
      await publish(registry, checkpointFile(1), { tags });
      const { checkpoints } = await list({ ['k'.repeat(24)]: noise(1_000), 'tag-998': 'v' });
      expect(checkpoints.map(({ digest }) => digest)).toEqual([digestOf(checkpointFile(1))]);
    });

    it.each([
      ['manifest.tags must be at most 1000, got 1001', tagsOf(1_001)],
      ['manifest.tags must be at most 1000, got 50000', tagsOf(50_000)],
      ['manifest.tags["arm"] must be at most 1024 bytes', { arm: noise(1_022) }],
      ['must be at most 1024 bytes, key and value together, got 4000', { [noise(3_999)]: 'x' }],
    ])('refuses more: %s', async (message, tags) => {
      await expect(publish(registry, checkpointFile(2), { tags })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message) as string,
      });
    });

    it('searches by twenty tags, and by no more', async () => {
      expect((await list(tagsOf(20))).checkpoints).toHaveLength(1);
      const rule = { olderThan: undefined, stage: Stage.STAGE_UNSPECIFIED, keepNewest: 0, dryRun: true };
      const refused = { code: 'INVALID_ARGUMENT', message: 'tags must be at most 20, got 5000' };
      await expect(list(tagsOf(5_000))).rejects.toMatchObject(refused);
      await expect(pruneCheckpoints(registry, { ...rule, tags: tagsOf(5_000) }, NEVER)).rejects.toMatchObject(
        refused,
      );
    });

    it('takes evaluations by ids of a kilobyte, and refuses longer ones', async () => {
      const digest = digestOf(checkpointFile(1));
      await evaluate(digest, { id: noise(1_024), metrics: { 'bbox/AP': 0.5 } });
      expect((await getCheckpoint(registry, digest)).evaluations).toMatchObject([{ id: noise(1_024) }]);
      await expect(evaluate(digest, { id: noise(5_000) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'evaluation.id must be at most 1024 bytes, got 5000',
      });
    });

    it('takes no number for measured that only every object has', async () => {
      const digest = digestOf(checkpointFile(1));
      const rule = AliasRule.fromPartial({ metric: 'constructor', datasetDigest: DATASET, minValue: 0.1 });
      await setAliasRule(registry, { alias: 'odd', rule, reason: '', actor: '' });
      const move = { alias: 'odd', reference: digest, reason: '', actor: '', expectedDigest: '' };
      await expect(
        setAlias(registry, { ...move, onlyIfNew: false, validateOnly: false }),
      ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    });

    it('passes a rule by an evaluation that lies behind many others', async () => {
      await publish(registry, checkpointFile(3));
      const digest = digestOf(checkpointFile(3));
      await evaluate(digest, { id: 'first', metrics: { 'bbox/AP': 0.7 } });
      for (let count = 0; count < 60; count++)
        await evaluate(digest, {
          id: `other-${count}`,
          datasetDigest: 'e'.repeat(64),
          metrics: { 'bbox/AP': 0 },
        });
      const rule = AliasRule.fromPartial({ metric: 'bbox/AP', datasetDigest: DATASET, minValue: 0.7 });
      await setAliasRule(registry, { alias: 'far', rule, reason: '', actor: '' });
      const move = { alias: 'far', reference: digest, reason: '', actor: '', expectedDigest: '' };
      expect(await setAlias(registry, { ...move, onlyIfNew: false, validateOnly: false })).toMatchObject({
        digest,
      });
      expect((await getCheckpoint(registry, digest)).evaluations.at(-1)).toMatchObject({ id: 'first' });
    });

    it('keeps a checkpoint of a thousand parents, and tells them all', async () => {
      const parents = Array.from({ length: 1_200 }, (_, index) =>
        digestOf(Buffer.from(`parent ${index}`)),
      ).sort();
      const row = { size_bytes: 8, tensor_count: 0, parameter_count: 0, stage: 'STAGE_LABELER' };
      for (let from = 0; from < parents.length; from += 100) {
        await registry.db
          .insertInto('checkpoints')
          .values(
            parents
              .slice(from, from + 100)
              .map((digest) => ({ digest, ...row, manifest: '{}', created_at: new Date() })),
          )
          .execute();
      }
      await publish(registry, checkpointFile(4), { parents });
      const { nodes, edges, truncated } = await getLineage(registry, {
        reference: digestOf(checkpointFile(4)),
        maxDepth: 0,
      });
      expect(truncated).toBe(false);
      expect(edges).toHaveLength(1_200);
      expect(nodes.slice(1).map(({ id }) => id)).toEqual(parents.map((digest) => `sha256:${digest}`));
    });

    it('refuses a reason that PostgreSQL could not keep, by name', async () => {
      const commit = {
        alias: 'noted',
        operations: [{ kind: 'add', path: 'notes.txt', content: Buffer.from('x') }] as const,
        manifest: Manifest.fromPartial({}),
        parent: '',
        actor: 'ada',
      };
      await expect(commitAlias(registry, { ...commit, reason: 'a\0b' }, NEVER)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'reason must not hold the character NUL',
      });
      await commitAlias(registry, { ...commit, reason: 'half \ud83d of one' }, NEVER);
    });
  });
}

onEachDatabase('hostile values', contract);
