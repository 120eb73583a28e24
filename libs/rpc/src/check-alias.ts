import { invalidArgument } from '@cassl/errors';

/** No alias may look like a digest or the beginning of one, or leave its folder: views make paths of them. */
const ALIAS = /^(?![0-9a-f]{8,64}$)(?!.*(?:^|\/)\.{0,2}(?:\/|$))[a-z0-9._/@-]{1,128}$/;
const SHOWN = 140;

/**
 * The one grammar of aliases, for every service that takes one.
 * @throws INVALID_ARGUMENT that names the field and the value
 */
export function checkAlias(field: string, alias: string): string {
  if (ALIAS.test(alias)) return alias;
  throw invalidArgument(
    `${field} must be 1 to 128 of [a-z0-9._/@-], without empty, "." or ".." parts, and not look like a digest, got ${JSON.stringify(alias.slice(0, SHOWN))}`,
  );
}
