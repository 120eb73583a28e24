import { invalidArgument } from '@cassl/errors';
import { AliasChangeKind, AliasRule, type AliasChange, type SetAliasRuleRequest } from '@cassl/proto';
import { checkAlias } from '@cassl/rpc';
import { checkActor, checkDigest, checkReason } from '../check-request.ts';
import type { Registry } from '../registry.ts';
import { appendChange, changeAlias, nextChange } from './change-alias.ts';

const MAX_LICENSES = 100;
const MAX_LICENSE = 256;

/** Sets or removes an alias's rule; what it points to stays. The change is part of its history. */
export async function setAliasRule(registry: Registry, request: SetAliasRuleRequest): Promise<AliasChange> {
  const alias = checkAlias('alias', request.alias);
  const mover = { reason: checkReason(request.reason), actor: checkActor(request.actor) };
  const rule = request.rule === undefined ? undefined : checkedRule(request.rule);
  return changeAlias(registry, alias, async (transaction, current) => {
    const { digest, files } = current;
    const kind = AliasChangeKind.ALIAS_CHANGE_KIND_RULE;
    const change = nextChange(current, { ...mover, kind, digest, files });
    await appendChange(transaction, change, files);
    await transaction
      .updateTable('aliases')
      .set({ rule: rule === undefined ? null : JSON.stringify(AliasRule.toJSON(rule)) })
      .where('alias', '=', alias)
      .execute();
    return change;
  });
}

function checkedRule(rule: AliasRule): AliasRule {
  const { metric, datasetDigest, minValue, margin, licenses } = rule;
  if (metric === '' && (datasetDigest !== '' || minValue !== undefined || margin !== undefined))
    throw invalidArgument('rule.metric must be set, for dataset_digest, min_value and margin are about it');
  if (metric !== '') {
    checkDigest('rule.dataset_digest', datasetDigest);
    if (metric.length > 256)
      throw invalidArgument(`rule.metric must be at most 256 characters, got ${metric.length}`);
  }
  for (const [name, value] of Object.entries({ min_value: minValue, margin })) {
    if (value !== undefined && !Number.isFinite(value))
      throw invalidArgument(`rule.${name} must be a finite number, got ${value}`);
  }
  if (licenses.length > MAX_LICENSES)
    throw invalidArgument(`rule.licenses must be at most ${MAX_LICENSES}, got ${licenses.length}`);
  licenses.forEach((license, index) => {
    if (license === '') throw invalidArgument(`rule.licenses[${index}] must not be empty`);
    if (license.length > MAX_LICENSE) {
      throw invalidArgument(
        `rule.licenses[${index}] must be at most ${MAX_LICENSE} characters, got ${license.length}`,
      );
    }
  });
  return rule;
}
