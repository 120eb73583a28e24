import { invalidArgument } from '@cassl/errors';
import { checkCombination } from './config-check.ts';
import { detectorConfigSchema, type DetectorConfig } from './config-schema.ts';

export {
  BACKBONES,
  detectorConfigSchema,
  type DetectorConfig,
  type DetectorConfigInput,
} from './config-schema.ts';

/**
 * Fills defaults and checks every field and every combination.
 * @throws INVALID_ARGUMENT that names the first field that is wrong, its value and its bound.
 */
export function parseDetectorConfig(input: unknown): DetectorConfig {
  const result = detectorConfigSchema.safeParse(input);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const field = ['DetectorConfig', ...issue.path].join('.');
    const got = issue.code === 'unrecognized_keys' ? '' : `, got ${valueAt(input, issue.path)}`;
    throw invalidArgument(`${field}: ${issue.message}${got}`, { details: { field } });
  }
  checkCombination(result.data);
  return Object.freeze(result.data);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], input);
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
}
