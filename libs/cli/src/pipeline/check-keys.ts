import { closest } from 'fastest-levenshtein';
import { invalidArgument } from '@cassl/errors';
import { z } from 'zod';

/** @throws INVALID_ARGUMENT for the first key that the schema does not know, with the nearest one that it knows */
export function checkKeys(
  where: string,
  schema: z.ZodType,
  value: unknown,
  path: readonly string[] = [],
): void {
  const object = objectOf(schema);
  if (object === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const shape = object.shape as Readonly<Record<string, z.ZodType>>;
  for (const [key, inner] of Object.entries(value)) {
    const known = shape[key];
    if (known === undefined) {
      const hint = nearest(key, Object.keys(shape));
      const full = [...path, key].join('.');
      throw invalidArgument(
        `${where}: unknown key ${JSON.stringify(full)}; did you mean ${JSON.stringify([...path, hint].join('.'))}? Known keys here: ${Object.keys(shape).join(', ')}`,
      );
    }
    checkKeys(where, known, inner, [...path, key]);
  }
}

/** The object schema inside optional and default wrappers. */
function objectOf(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return objectOf(schema.unwrap() as z.ZodType);
  }
  return undefined;
}

/** The candidate that takes the fewest edits, case ignored. */
export function nearest(word: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return '';
  const near = closest(
    word.toLowerCase(),
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  return candidates.find((candidate) => candidate.toLowerCase() === near) ?? '';
}
