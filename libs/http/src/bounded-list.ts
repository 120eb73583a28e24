import { z } from 'zod';

/**
 * At most `most` items, counted before the first of them is looked at: zod reports every wrong item of a list, which for the millions
 * that fit into a body is more than the machine has memory for.
 */
export function boundedList<Item extends z.ZodType>(
  item: Item,
  most: number,
): z.ZodPipe<z.ZodUnknown, z.ZodArray<Item>> {
  return z.unknown().superRefine(checkLength(most)).pipe(z.array(item));
}

/** The same for the values of an object by name. */
export function boundedRecord<Value extends z.ZodType>(
  value: Value,
  most: number,
): z.ZodPipe<z.ZodUnknown, z.ZodRecord<z.ZodString, Value>> {
  return z.unknown().superRefine(checkLength(most)).pipe(z.record(z.string(), value));
}

function checkLength(most: number) {
  return (given: unknown, context: z.RefinementCtx): void => {
    if (typeof given !== 'object' || given === null) return;
    const count = Array.isArray(given) ? given.length : Object.keys(given).length;
    if (count > most) context.addIssue(`must have at most ${most} items, got ${count}`);
  };
}
