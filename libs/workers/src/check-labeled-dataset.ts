import { invalidArgument } from '@cassl/errors';
import type { LabeledDataset } from '@cassl/proto';
import { checkReadable, readablePath } from '@cassl/storage';

/**
 * Refuses a data set that can never be opened, before any work on it is started.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; NOT_FOUND for an address that holds nothing
 */
export async function checkLabeledDataset(field: string, dataset: LabeledDataset | undefined): Promise<void> {
  if (dataset === undefined) throw invalidArgument(`${field} is missing`);
  const { fromFraction: from, toFraction: to } = dataset;
  if (!(from >= 0 && from < 1)) {
    throw invalidArgument(`${field}.from_fraction must be in [0, 1), got ${from}`);
  }
  if (to !== 0 && !(to > from && to <= 1)) {
    throw invalidArgument(`${field}.to_fraction must be in (from_fraction, 1] or 0, got ${to}`);
  }
  await checkExists(`${field}.annotations_uri`, dataset.annotationsUri);
  await checkExists(`${field}.images_uri`, dataset.imagesUri);
  if (dataset.segmentsUri !== '') await checkExists(`${field}.segments_uri`, dataset.segmentsUri);
}

/** What is in a bucket is looked at by the worker. @throws as `checkReadable`; NOT_FOUND for a file that is not there */
export async function checkExists(field: string, uri: string): Promise<void> {
  checkReadable(field, uri);
  if (uri.startsWith('file:')) await readablePath(field, uri);
}
