import {
  Evaluation,
  GetAliasResponse,
  GetCheckpointResponse,
  GetLineageResponse,
  ListAliasesResponse,
} from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { getAlias } from './aliases/get-alias.ts';
import { listAliasPage } from './aliases/list-aliases.ts';
import { setAlias } from './aliases/set-alias.ts';
import { setAliasRule } from './aliases/set-alias-rule.ts';
import { attachEvaluation } from './checkpoints/attach-evaluation.ts';
import { getCheckpoint } from './checkpoints/get-checkpoint.ts';
import { getLineage } from './checkpoints/lineage.ts';
import { useRegistry } from './registry.fixture.ts';
import { pruneCheckpoints } from './upkeep/prune-checkpoints.ts';

const test = useRegistry();
/** Clients of gRPC take 4 MiB; replies end at 3. */
const LIMIT = 3.1 * 2 ** 20;
const MOVER = { reason: '', actor: '', expectedDigest: '', onlyIfNew: false, validateOnly: false };

function bytesOf<T>(type: { encode(message: T): { finish(): Uint8Array } }, message: T): number {
  return type.encode(message).finish().length;
}

describe('replies that grow with what is kept', () => {
  it('give the newest evaluations of a checkpoint, and how many were left out', async () => {
    const digest = await test.publish(1);
    const attach = (id: string, datasetUri: string): Promise<string> =>
      attachEvaluation(test.registry, {
        reference: digest,
        evaluation: Evaluation.fromPartial({ id, datasetUri }),
      });
    for (let index = 0; index < 30; index++) await attach(`short ${index}`, 'file:///short');
    for (let index = 0; index < 5; index++) await attach(`long ${index}`, 'x'.repeat(900_000));
    const cut = await getCheckpoint(test.registry, digest);
    expect(bytesOf(GetCheckpointResponse, cut)).toBeLessThan(LIMIT);
    expect(cut.evaluations.map(({ id }) => id)).toEqual(['long 4', 'long 3', 'long 2']);
    expect(cut.omittedEvaluations).toBe(32);
  });

  it('give every evaluation where they fit, over several reads of the database', async () => {
    const digest = await test.publish(2);
    for (let index = 0; index < 60; index++) {
      const evaluation = Evaluation.fromPartial({ id: `e${index}`, metrics: { 'bbox/AP': index } });
      await attachEvaluation(test.registry, { reference: digest, evaluation });
    }
    const { evaluations, omittedEvaluations } = await getCheckpoint(test.registry, digest);
    expect(evaluations.map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, at) => `e${59 - at}`));
    expect(omittedEvaluations).toBe(0);
  });

  it('give the newest changes of an alias, and the time to read on from', async () => {
    const digest = await test.publish(3);
    const first = await setAlias(test.registry, { alias: 'long', reference: digest, ...MOVER });
    const start = first.changedAt!.getTime() + 1;
    for (let from = 0; from < 3000; from += 500) {
      const rows = Array.from({ length: 500 }, (_, index) => ({
        alias: 'long',
        digest,
        previous_digest: digest,
        reason: 'x'.repeat(1024),
        changed_at: new Date(start + from + index),
        kind: 'ALIAS_CHANGE_KIND_MOVE',
        actor: '',
        revision: String(from + index).padStart(40, '0'),
      }));
      await test.registry.db.insertInto('alias_changes').values(rows).execute();
    }
    const seen = new Set<string>();
    let at: Date | undefined;
    for (let page = 0; page < 3; page++) {
      const answer: GetAliasResponse = await getAlias(test.registry, { alias: 'long', at });
      expect(bytesOf(GetAliasResponse, answer)).toBeLessThan(LIMIT);
      for (const { revision } of answer.history) seen.add(revision);
      if (answer.omittedChanges === 0) break;
      at = answer.history.at(-1)?.changedAt;
    }
    expect(seen.size).toBe(3001);
  });

  it('name a thousand aliases of a checkpoint; their list has all, by pages that fit', async () => {
    const digest = await test.publish(4);
    const names = Array.from({ length: 1_100 }, (_, index) => `many/${String(index).padStart(100, '0')}`);
    await test.registry.db
      .insertInto('aliases')
      .values(names.map((alias) => ({ alias, digest })))
      .execute();
    const { checkpoint } = await getCheckpoint(test.registry, digest);
    expect(checkpoint?.aliases).toEqual(names.slice(0, 1_000));

    const licenses = Array<string>(100).fill('x'.repeat(256));
    const ruled = Array.from({ length: 150 }, (_, index) => `ruled/${String(index).padStart(3, '0')}`);
    for (const alias of ruled) {
      await setAlias(test.registry, { alias, reference: digest, ...MOVER });
      const rule = {
        metric: '',
        datasetDigest: '',
        lowerIsBetter: false,
        stage: 'STAGE_UNSPECIFIED',
        licenses,
      };
      await setAliasRule(test.registry, { alias, rule: rule as never, reason: '', actor: '' });
    }
    const listed: string[] = [];
    let pageToken = '';
    do {
      const page = await listAliasPage(test.registry, { prefix: 'ruled/', pageSize: 1_000, pageToken });
      expect(bytesOf(ListAliasesResponse, page)).toBeLessThan(LIMIT);
      listed.push(...page.aliases.map(({ alias }) => alias));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(listed).toEqual(ruled);
  });

  it('give the nearest of a lineage, and say that it is cut', async () => {
    const note = 'x'.repeat(900_000);
    let digest = await test.publish(10, { codeVersion: note });
    for (let seed = 11; seed < 15; seed++)
      digest = await test.publish(seed, { codeVersion: note, parents: [digest] });
    const answer = await getLineage(test.registry, { reference: digest, maxDepth: 0 });
    expect(bytesOf(GetLineageResponse, answer)).toBeLessThan(LIMIT);
    expect(answer).toMatchObject({ truncated: true, nodes: [{ depth: 0 }, { depth: 1 }, { depth: 2 }] });
    expect(answer.licenses).toHaveLength(3);
  });

  it('count what a prune found beyond what it names', async () => {
    const tags = { prune: 'yes' };
    for (let seed = 20; seed < 23; seed++) await test.publish(seed, { tags });
    const request = {
      olderThan: undefined,
      stage: 'STAGE_UNSPECIFIED' as never,
      tags,
      keepNewest: 0,
      dryRun: true,
    };
    const answer = await pruneCheckpoints(test.registry, request, new AbortController().signal);
    expect(answer).toMatchObject({ omittedCheckpoints: 0, checkpoints: { length: 3 } });
  });
});
