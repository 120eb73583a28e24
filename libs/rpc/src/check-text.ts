import { invalidArgument } from '@cassl/errors';
import { checkReadable } from './unreadable-request.ts';

/** No text of a request is longer: names, addresses, notes. What is larger travels as bytes or as a stream. */
const MAX_TEXT_BYTES = 256 * 1024;

/**
 * Refuses texts that no store keeps and no log shows as they are: NUL, which PostgreSQL and file systems do not take, and
 * texts of megabytes. For every text of every request in one place, so that no handler has to think of it.
 * @throws INVALID_ARGUMENT that names the field
 */
export function checkTexts(request: unknown, field = ''): void {
  if (typeof request === 'string') {
    checkText(request, field);
  } else if (Array.isArray(request)) {
    request.forEach((entry, index) => checkTexts(entry, `${field}[${index}]`));
  } else if (isPlain(request)) {
    for (const [name, value] of Object.entries(request)) {
      checkText(name, field);
      if (typeof value === 'string' || typeof value === 'object') checkTexts(value, join(field, name));
    }
  }
}

function checkText(text: string, field: string): void {
  if (text.includes('\0')) refuse(field, 'must not hold the character NUL');
  // A string has at least a third as many characters as bytes: most texts need no counting.
  if (text.length * 3 > MAX_TEXT_BYTES && Buffer.byteLength(text) > MAX_TEXT_BYTES) {
    refuse(field, `must have at most ${MAX_TEXT_BYTES} bytes, got ${Buffer.byteLength(text)}`);
  }
}

function refuse(field: string, reason: string): never {
  throw invalidArgument(`request.${field} ${reason}`, { details: { field } });
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date)
  );
}

/** As in the .proto file; a `oneof` has no name there. */
function join(field: string, name: string): string {
  if (name === 'value' || name === '$case') return field;
  const plain = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return field === '' ? plain : `${field}.${plain}`;
}

/** The same for each message of a stream. */
export async function* withTextsChecked<Request>(requests: AsyncIterable<Request>): AsyncGenerator<Request> {
  for await (const request of requests) {
    checkReadable(request);
    checkTexts(request);
    yield request;
  }
}
