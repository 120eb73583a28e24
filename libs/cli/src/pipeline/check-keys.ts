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

export function nearest(word: string, candidates: readonly string[]): string {
  const ranked = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  ranked.sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate ?? '';
}

/** Levenshtein distance, case ignored. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, from] of [...a.toLowerCase()].entries()) {
    const next = [i + 1];
    for (const [j, to] of [...b.toLowerCase()].entries()) {
      const [above = 0, diagonal = 0, left = 0] = [row[j + 1], row[j], next[j]];
      next.push(Math.min(above + 1, left + 1, diagonal + (from === to ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
