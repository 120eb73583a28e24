import { invalidArgument } from '@cassl/errors';
import { checkReadable } from './unreadable-request.ts';

/** No text of a request is longer: names, addresses, notes. What is larger travels as bytes or as a stream. */
const MAX_TEXT_BYTES = 256 * 1024;
/** No list is longer: more shards than ten million images have. The numbers of tensors are data, which the message bounds. */
const MAX_ENTRIES = 65_536;
const TENSOR = /_contents$/;

/**
 * Refuses texts that no store keeps and no log shows as they are: NUL, which PostgreSQL and file systems do not take, and
 * texts of megabytes; and lists and maps that are longer than any that is meant. For every field of every request in one place, so
 * that no handler has to think of it.
 * @throws INVALID_ARGUMENT that names the field
 */
export function checkTexts(request: unknown, field = ''): void {
  if (typeof request === 'string') {
    checkText(request, field);
  } else if (Array.isArray(request)) {
    if (TENSOR.test(field) && typeof request[0] !== 'object') return;
    checkLength(request, field);
    request.forEach((entry, index) => checkTexts(entry, `${field}[${index}]`));
  } else if (isPlain(request)) {
    const entries: (readonly [string, unknown])[] = Object.entries(request);
    checkLength(entries, field);
    for (const [name, value] of entries) {
      checkText(name, field);
      if (typeof value === 'object' && value !== null && isChosen(value)) {
        checkTexts(value.value, join(field, value.$case));
      } else if (typeof value === 'string' || typeof value === 'object') {
        checkTexts(value, join(field, name));
      }
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

function checkLength({ length }: readonly unknown[], field: string): void {
  if (length > MAX_ENTRIES) refuse(field, `must have at most ${MAX_ENTRIES} entries, got ${length}`);
}

function refuse(field: string, reason: string): never {
  throw invalidArgument(`request.${field} ${reason}`, { details: { field } });
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date)
  );
}

/** What a `oneof` holds lies under its name, which is in no request: the field is the one that was chosen. */
interface Chosen {
  readonly $case: string;
  readonly value: unknown;
}

function isChosen(value: object): value is Chosen {
  return '$case' in value && typeof value.$case === 'string' && 'value' in value;
}

/** As in the .proto file. */
function join(field: string, name: string): string {
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
