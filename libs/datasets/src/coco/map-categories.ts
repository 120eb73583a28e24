import { type CocoId } from '@cassl/coco';
import { invalidArgument } from '@cassl/errors';
import type { DatasetCategory } from '../dataset.ts';
import type { CocoCategory } from './coco-document.ts';

/** `category` keeps the classes, `supercategory` merges them, `agnostic` leaves one class 0 (method.md 1.1). */
export type LabelSet = 'category' | 'supercategory' | 'agnostic';

export const labelSets: readonly LabelSet[] = ['category', 'supercategory', 'agnostic'];

export interface CategoryMap {
  readonly categories: readonly DatasetCategory[];
  /** From the source's category id to the contiguous index. */
  readonly indexOf: ReadonlyMap<CocoId, number>;
}

/**
 * Contiguous categories in the order of the source's list.
 * @throws INVALID_ARGUMENT for an id that occurs twice.
 */
export function mapCategories(
  source: readonly CocoCategory[],
  labels: LabelSet,
  agnosticName: 'object' | 'entity' = 'object',
): CategoryMap {
  const groups = new Map<string, CocoId[]>();
  const isThingOf = new Map(source.map(({ id, isThing }) => [id, isThing]));
  const indexOf = new Map<CocoId, number>();
  for (const { id, name, supercategory } of source) {
    if (indexOf.has(id)) throw invalidArgument(`categories: id ${id} occurs twice`);
    // Two categories of one name stay two: the id tells them apart.
    const group = { category: `${id} ${name}`, supercategory, agnostic: agnosticName }[labels];
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [id]);
    else members.push(id);
    indexOf.set(id, [...groups.keys()].indexOf(group));
  }
  const categories = [...groups].map(([group, sourceIds], index) => ({
    index,
    name: labels === 'category' ? group.slice(group.indexOf(' ') + 1) : group,
    sourceIds,
    ...thingOrStuff(
      labels,
      sourceIds.map((id) => isThingOf.get(id)),
    ),
  }));
  if (labels === 'agnostic' && categories.length === 0) {
    return { categories: [{ index: 0, name: agnosticName, sourceIds: [] }], indexOf };
  }
  return { categories, indexOf };
}

/** A group is stuff where all of it is. One class of everything is neither. */
function thingOrStuff(
  labels: LabelSet,
  flags: readonly (boolean | undefined)[],
): { readonly isThing?: boolean } {
  const known = flags.filter((flag) => flag !== undefined);
  return labels === 'agnostic' || known.length === 0 ? {} : { isThing: known.includes(true) };
}
