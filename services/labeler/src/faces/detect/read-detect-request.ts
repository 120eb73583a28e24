import { invalidArgument } from '@cassl/errors';
import { parseValue, type FastifyRequest } from '@cassl/http';
import { detectQuery, FLAGS, type DetectQuery } from './detect-schema.ts';

export interface DetectHttpRequest {
  readonly image: Uint8Array;
  readonly query: DetectQuery;
}

/** What forms call the picture; `file` is what most upload widgets send. */
const IMAGE_FIELDS = ['image', 'file'];

/**
 * The image and the wishes of a request: the body is the file, or a form with the file in `image` and wishes beside it.
 * @throws INVALID_ARGUMENT naming the field
 */
export async function readDetectRequest({
  body,
  headers,
  query,
}: FastifyRequest): Promise<DetectHttpRequest> {
  const bytes = (body ?? Buffer.alloc(0)) as Buffer;
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) return { image: bytes, query: readWishes(query as object) };
  const form = await readForm(bytes, type);
  const wishes = [...form].filter((field): field is [string, string] => typeof field[1] === 'string');
  const files = [...form].flatMap(([name, value]) => (typeof value === 'string' ? [] : [{ name, value }]));
  const [first] = files;
  if (first === undefined || files.length > 1 || !IMAGE_FIELDS.includes(first.name))
    throw invalidArgument(
      `image: the form must have one file, named image; got ${
        files
          .map(({ name }) => name)
          .join(', ')
          .slice(0, 100) || 'none'
      }`,
    );
  return {
    image: new Uint8Array(await first.value.arrayBuffer()),
    query: readWishes({ ...(query as object), ...Object.fromEntries(wishes) }),
  };
}

/** Browsers send the fields of a form that nobody filled in as well: blank is left out, and of a flag it is a yes. */
function readWishes(fields: object): DetectQuery {
  const isFilled = ([name, value]: readonly [string, unknown]): boolean =>
    FLAGS.includes(name) || typeof value !== 'string' || value.trim() !== '';
  return parseValue(Object.fromEntries(Object.entries(fields).filter(isFilled)), detectQuery);
}

async function readForm(bytes: Buffer, type: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  } catch {
    throw invalidArgument('the body is not the multipart/form-data that its content-type says');
  }
}
