import { failedPrecondition } from '@cassl/errors';
import { Manifest, Stage, stageToJSON, type AliasRule } from '@cassl/proto';
import type { Transaction } from 'kysely';
import { newestEvaluations } from '../checkpoints/newest-evaluations.ts';
import { licensesOf } from '../checkpoints/lineage.ts';
import { asJson, type Database } from '../database/schema.ts';
import type { LockedAlias } from './change-alias.ts';

/**
 * Lets a checkpoint pass an alias's rule.
 * @throws FAILED_PRECONDITION that names everything the rule misses, so that one answer is enough to mend it
 */
export async function checkRule(
  transaction: Transaction<Database>,
  { alias, digest: current, rule }: LockedAlias,
  candidate: string,
): Promise<void> {
  if (rule === undefined) return;
  const missing = [
    ...(await missingNumbers(transaction, rule, current, candidate)),
    ...(await missingStage(transaction, rule, candidate)),
    ...(await missingLicenses(transaction, rule, candidate)),
  ];
  if (missing.length === 0) return;
  throw failedPrecondition(
    `the rule of alias ${alias} does not let ${candidate} pass: ${missing.join('; ')}`,
  );
}

/** 0.57 - 0.56 is less than 0.01 in binary. */
const ROUNDING = 1e-9;

async function missingNumbers(
  transaction: Transaction<Database>,
  rule: AliasRule,
  current: string,
  candidate: string,
): Promise<string[]> {
  const { metric, datasetDigest, minValue, margin, lowerIsBetter } = rule;
  if (metric === '') return [];
  const wanted = `an evaluation of ${metric} on the data set ${datasetDigest}`;
  const value = await newestValue(transaction, candidate, rule);
  if (value === undefined) return [`it has no ${wanted.slice(3)}: attach one`];
  const sign = lowerIsBetter ? -1 : 1;
  const word = lowerIsBetter ? 'at most' : 'at least';
  const missing: string[] = [];
  if (minValue !== undefined && sign * (value - minValue) < 0)
    missing.push(`its ${metric} is ${value}, which must be ${word} ${minValue}`);
  if (margin === undefined || current === '' || current === candidate) return missing;
  const held = await newestValue(transaction, current, rule);
  if (held === undefined) {
    missing.push(`${current}, to which the alias points now, lacks ${wanted} to compare with: attach one`);
  } else if (sign * (value - held) < margin - ROUNDING) {
    missing.push(
      `its ${metric} is ${value}, which must be ${word} ${held + sign * margin}: the alias points to one with ${held}, and the margin is ${margin}`,
    );
  }
  return missing;
}

/** Of several evaluations on the same data the newest counts: it is what its maker knows now. */
async function newestValue(
  transaction: Transaction<Database>,
  digest: string,
  { metric, datasetDigest }: AliasRule,
): Promise<number | undefined> {
  for await (const evaluation of newestEvaluations(transaction, digest)) {
    if (evaluation.datasetDigest === datasetDigest && Object.hasOwn(evaluation.metrics, metric))
      return evaluation.metrics[metric];
  }
  return undefined;
}

async function missingStage(
  transaction: Transaction<Database>,
  { stage }: AliasRule,
  candidate: string,
): Promise<string[]> {
  if (stage === Stage.STAGE_UNSPECIFIED) return [];
  const { manifest } = await transaction
    .selectFrom('checkpoints')
    .select('manifest')
    .where('digest', '=', candidate)
    .executeTakeFirstOrThrow();
  const actual = Manifest.fromJSON(asJson(manifest)).stage;
  return actual === stage ? [] : [`it is of ${stageToJSON(actual)}, and ${stageToJSON(stage)} is required`];
}

async function missingLicenses(
  transaction: Transaction<Database>,
  { licenses: allowed }: AliasRule,
  candidate: string,
): Promise<string[]> {
  if (allowed.length === 0) return [];
  const carried = await licensesOf(transaction, candidate);
  return carried
    .filter(({ license }) => !allowed.includes(license))
    .map(({ id, license }) =>
      license === ''
        ? `the licence of ${id}, which it carries, is not known`
        : `it carries ${license} of ${id}, which is not one of ${allowed.join(', ')}`,
    );
}
