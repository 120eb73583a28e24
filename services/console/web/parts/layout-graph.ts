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

/** @param items each after all that it needs */
export function layoutGraph<T extends GraphItem>(items: readonly T[]): GraphLayout<T> {
  const placed = new Map<string, PlacedNode<T>>();
  const filled: number[] = [];
  for (const item of items) {
    const before = item.needs.map((name) => placed.get(name)?.column ?? -1);
    const column = Math.max(-1, ...before) + 1;
    const row = filled[column] ?? 0;
    filled[column] = row + 1;
    placed.set(item.name, { item, column, row });
  }
  const nodes = [...placed.values()];
  const edges = nodes.flatMap((to) =>
    to.item.needs.flatMap((name) => {
      const from = placed.get(name);
      return from === undefined ? [] : [{ from, to }];
    }),
  );
  return { nodes, edges, columns: filled.length, rows: Math.max(0, ...filled) };
}
