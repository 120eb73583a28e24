import { createHash } from 'node:crypto';
import { openCocoDataset, type Dataset } from '@cassl/datasets';
import { invalidArgument } from '@cassl/errors';
import { AnnotationKind, LabelMapping, type LabeledDataset } from '@cassl/proto';

/**
 * Opens the data set that a request names, cut to its slice.
 * @throws NOT_FOUND, INVALID_ARGUMENT as `openCocoDataset` says; FAILED_PRECONDITION where no image is left
 */
export async function openLabeledDataset(
  request: LabeledDataset,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Dataset> {
  const isAgnostic = request.labels === LabelMapping.LABEL_MAPPING_AGNOSTIC;
  const isPanoptic = request.kind === AnnotationKind.ANNOTATION_KIND_PANOPTIC;
  const dataset = await openCocoDataset({
    annotations: request.annotationsUri,
    images: request.imagesUri,
    // Entities know no crowds; with categories a crowd is neither trained on nor counted against a detection.
    kind: isPanoptic ? (isAgnostic ? 'entities' : 'panoptic') : 'instances',
    labels: isAgnostic
      ? 'agnostic'
      : request.labels === LabelMapping.LABEL_MAPPING_SUPERCATEGORY
        ? 'supercategory'
        : 'category',
    segments: request.segmentsUri === '' ? undefined : request.segmentsUri,
    signal,
  });
  const images = slice(dataset.images, request);
  if (images.length === 0) {
    throw invalidArgument(
      `LabeledDataset: no usable image is left of ${request.annotationsUri} (offset ${request.offset}, limit ${request.limit}); run \`cassl data check\` on it`,
    );
  }
  if (images.length === dataset.images.length) return dataset;
  const view = `${request.offset}+${request.limit} ${request.fromFraction}..${request.toFraction}`;
  return { ...dataset, images, digest: digestOfView(dataset.digest, view) };
}

/** The part of `images` that offset, limit and fractions leave: neighbouring slices neither overlap nor leave a gap. */
export function slice<T>(
  images: readonly T[],
  request: Pick<LabeledDataset, 'offset' | 'limit' | 'fromFraction' | 'toFraction'>,
): readonly T[] {
  const { offset, limit, fromFraction, toFraction } = request;
  const chosen = images.slice(offset, limit === 0 ? undefined : offset + limit);
  const start = Math.round(chosen.length * fromFraction);
  const end = toFraction === 0 ? chosen.length : Math.round(chosen.length * toFraction);
  return chosen.slice(start, end);
}

function digestOfView(digest: string, view: string): string {
  return `sha256:${createHash('sha256').update(`${digest}\n${view}\n`).digest('hex')}`;
}
