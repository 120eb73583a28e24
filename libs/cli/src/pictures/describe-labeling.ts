import type { Labeling } from '@cassl/proto';

/** For people, a line each: what was labeled, what of the pool was no image and why, which images failed, where the labels are. */
export function describeLabeling(labeling: Labeling): string[] {
  const { labeledImages, emptyImages, failedImages, knownImages, labelCount } = labeling;
  const { spec, failures, labelSetUri } = labeling;
  return [
    `${labelCount} labels on ${labeledImages} images, ${emptyImages} without, ${failedImages} failed; files in ${spec?.outputUri ?? ''}`,
    ...(spec === undefined || spec.knownLabels === ''
      ? []
      : [`${knownImages} images were known with their labels: ${spec.knownLabels}`]),
    ...describePoolOf(labeling),
    ...failures.map(({ key, error }) => `  ${key}: ${error?.code ?? ''} ${error?.message ?? ''}`),
    ...(labelSetUri === '' ? [] : [`label set ${labelSetUri}`]),
  ];
}

/** Nothing where every file of the pool is an image. */
function describePoolOf({ pool }: Labeling): string[] {
  if (pool === undefined || pool.unread.length === 0) return [];
  return [
    `${pool.kept} of ${pool.listed} files of the pool are images; not read:`,
    ...pool.unread.map(({ reason, count, examples }) => {
      const more = count > examples.length ? ', …' : '';
      return `  ${count} × ${reason} (${examples.join(', ')}${more})`;
    }),
  ];
}
