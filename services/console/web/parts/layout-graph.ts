/** Where the stages of a graph stand: columns by the longest way to them, rows in order. */
export interface GraphLayout<T> {
  readonly nodes: readonly PlacedNode<T>[];
  readonly edges: readonly { readonly from: PlacedNode<T>; readonly to: PlacedNode<T> }[];
  readonly columns: number;
  readonly rows: number;
}

export interface PlacedNode<T> {
  readonly item: T;
  readonly column: number;
  readonly row: number;
}

export interface GraphItem {
  readonly name: string;
  readonly needs: readonly string[];
}

/** @param items in any order; what needs itself, by whatever way, stands as if that need were not there */
export function layoutGraph<T extends GraphItem>(items: readonly T[]): GraphLayout<T> {
  const columns = columnsOf(items);
  const placed = new Map<string, PlacedNode<T>>();
  const filled: number[] = [];
  for (const item of items) {
    const column = columns.get(item.name) ?? 0;
    const row = filled[column] ?? 0;
    filled[column] = row + 1;
    placed.set(item.name, { item, column, row });
  }
  const nodes = [...placed.values()];
  const edges = nodes.flatMap((to) =>
    [...new Set(to.item.needs)].flatMap((name) => {
      const from = placed.get(name);
      return from === undefined || from.column >= to.column ? [] : [{ from, to }];
    }),
  );
  return { nodes, edges, columns: filled.length, rows: Math.max(0, ...filled) };
}

/** The longest way to each item, in steps. */
function columnsOf(items: readonly GraphItem[]): ReadonlyMap<string, number> {
  const byName = new Map(items.map((item) => [item.name, item]));
  const columns = new Map<string, number>();
  const onTheWay = new Set<string>();
  const columnOf = ({ name, needs }: GraphItem): number => {
    const known = columns.get(name);
    if (known !== undefined) return known;
    onTheWay.add(name);
    const before = needs.flatMap((need) => byName.get(need) ?? []).filter((item) => !onTheWay.has(item.name));
    const column = Math.max(-1, ...before.map(columnOf)) + 1;
    onTheWay.delete(name);
    columns.set(name, column);
    return column;
  };
  for (const item of byName.values()) columnOf(item);
  return columns;
}
