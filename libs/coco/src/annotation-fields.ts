import { brief } from './field.ts';

type Entry = Readonly<Record<string, unknown>>;

/** `iscrowd` as a claim; undefined where the field is something that COCO does not know. */
export function crowdOf({ iscrowd }: Entry): boolean | undefined {
  if (iscrowd === undefined || iscrowd === null || iscrowd === 0 || iscrowd === false) return false;
  return iscrowd === 1 || iscrowd === true ? true : undefined;
}

/** What a wrong `iscrowd` should have been. */
export function crowdProblem({ iscrowd }: Entry): string {
  return `iscrowd must be 0 or 1, got ${brief(iscrowd)}`;
}

/**
 * `area` decides the size class of an annotation and stays as it stands; undefined where there is none to be had from it and
 * it has to be measured; NaN where it is no number.
 */
export function listedArea({ area }: Entry): number | undefined {
  if (area === undefined || area === null) return undefined;
  return typeof area === 'number' && Number.isFinite(area) ? area : NaN;
}
