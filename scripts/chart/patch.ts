/** Parsed YAML. */
export interface Tree {
  readonly [key: string]: unknown;
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNamedList = (value: unknown): value is (Tree & { readonly name: string })[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item) => isTree(item) && typeof item.name === 'string');

/** The smallest strategic merge patch that makes `after` of `before`; undefined where they are equal. */
export function patchOf(before: Tree, after: Tree): Tree | undefined {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[key], after[key]];
    if (JSON.stringify(old) === JSON.stringify(wanted)) continue;
    if (wanted === undefined) patch[key] = null;
    else if (isTree(old) && isTree(wanted)) patch[key] = patchOf(old, wanted);
    else if (isNamedList(old) && isNamedList(wanted)) patch[key] = patchOfList(old, wanted);
    else patch[key] = wanted;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Items are merged by name, as containers, variables and volumes are. */
function patchOfList(before: readonly Tree[], after: readonly Tree[]): Tree[] {
  const known = new Map(before.map((item) => [item.name, item]));
  const kept = new Set(after.map(({ name }) => name));
  const changed = after.flatMap((item) => {
    const patch = patchOf(known.get(item.name) ?? {}, item);
    return patch === undefined ? [] : [{ name: item.name, ...patch }];
  });
  const gone = before.filter(({ name }) => !kept.has(name)).map(({ name }) => ({ $patch: 'delete', name }));
  return [...changed, ...gone];
}
