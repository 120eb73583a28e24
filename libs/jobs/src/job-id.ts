import { invalidArgument } from '@cassl/errors';

const JOB_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** @throws INVALID_ARGUMENT that names the field, unless `id` is 1 to 128 of `[A-Za-z0-9_-]`. */
export function checkJobId(field: string, id: string): void {
  if (!JOB_ID.test(id)) {
    throw invalidArgument(
      `${field} must be 1 to 128 of [A-Za-z0-9_-], got ${JSON.stringify(id.slice(0, 140))}`,
    );
  }
}
