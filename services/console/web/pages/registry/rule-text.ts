import type { AliasRule } from '@cassl/proto';
import type { Json } from '../../json.ts';

/** What a checkpoint must show, in words. */
export function ruleText(rule: Json<AliasRule> | undefined): string {
  if (rule === undefined) return '';
  const { metric, minValue, margin, lowerIsBetter, stage, licenses } = rule;
  return [
    minValue === undefined ? '' : `${metric} ${lowerIsBetter ? '≤' : '≥'} ${minValue}`,
    margin === undefined ? '' : `${metric} ${lowerIsBetter ? 'lower' : 'higher'} than now by ${margin}`,
    stage === 'STAGE_UNSPECIFIED' ? '' : `made by ${stage.slice('STAGE_'.length).toLowerCase()}`,
    licenses.length === 0 ? '' : `licences ${licenses.join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}
