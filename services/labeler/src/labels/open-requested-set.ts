import { CasslError, errorMessage, isCasslError } from '@cassl/errors';
import { openLabelSet, type LabelSet } from '@cassl/labels';
import { checkReadable } from '@cassl/storage';

/**
 * Opens the label set that a request names.
 * @param field the request's field, for messages
 * @throws as `openLabelSet`, naming the field; INVALID_ARGUMENT for a path: it would be one of this service's working folder
 */
export async function openRequestedSet(
  field: string,
  address: string,
  signal: AbortSignal,
): Promise<LabelSet> {
  checkReadable(field, address);
  return openLabelSet(address, { signal }).catch((error: unknown) => {
    if (!isCasslError(error)) throw error;
    throw new CasslError(error.code, `${field}: ${errorMessage(error)}`, { cause: error });
  });
}
