import { invalidArgument } from '@cassl/errors';

/** One part of a subject, a stream, consumer or bucket name, a job id. */
const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;
/** Several, joined by dots: keys of a bucket. */
const KEY = /^[A-Za-z0-9_-]{1,128}(\.[A-Za-z0-9_-]{1,128})*$/;

/** @throws INVALID_ARGUMENT unless it can be one part of a subject */
export function checkToken(what: string, text: string): string {
  if (TOKEN.test(text)) return text;
  throw invalidArgument(`${what} must be 1 to 128 of [A-Za-z0-9_-], got ${JSON.stringify(text)}`);
}

/** @throws INVALID_ARGUMENT unless it can be a key */
export function checkKey(what: string, text: string): string {
  if (KEY.test(text)) return text;
  throw invalidArgument(`${what} must be parts of [A-Za-z0-9_-] joined by dots, got ${JSON.stringify(text)}`);
}
