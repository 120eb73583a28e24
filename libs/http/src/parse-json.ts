import { invalidArgument } from '@cassl/errors';
import type { z } from 'zod';
import { countContainers } from './count-containers.ts';
import { explainJson } from './explain-json.ts';

/** Arrays and objects of a body: a picture of a megapixel as nested lists has so many. */
const MOST_CONTAINERS = 2 ** 20;
/** Far more than any request has; what shows or walks a value calls itself for each level, and has a stack for some thousands. */
const MOST_DEPTH = 100;

/**
 * A body as the JSON that a route takes.
 * @throws INVALID_ARGUMENT naming the first field that is not right
 */
export function parseJson<Schema extends z.ZodType>(body: Buffer, schema: Schema): z.output<Schema> {
  const { count, depth } = countContainers(body, MOST_CONTAINERS);
  if (count > MOST_CONTAINERS)
    throw invalidArgument(
      `the body must have at most ${MOST_CONTAINERS} arrays and objects, and has more; send tensors as bytes`,
    );
  if (depth > MOST_DEPTH)
    throw invalidArgument(`the body must be nested at most ${MOST_DEPTH} deep, got ${depth}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw invalidArgument(explainJson(body.toString(), error));
  }
  return parseValue(value, schema);
}

/** The same for values that came by another way, such as a query. @throws INVALID_ARGUMENT */
export function parseValue<Schema extends z.ZodType>(value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'the body' : pathOf(issue.path);
  throw invalidArgument(`${field}: ${issue?.message ?? 'not right'}`, { details: { field } });
}

/** `inputs[0].shape` */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}
