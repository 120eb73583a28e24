import { describe, expect, it } from 'vitest';
import { layoutGraph, type GraphItem } from './layout-graph.ts';

const item = (name: string, ...needs: string[]): GraphItem => ({ name, needs });

function columns(items: readonly GraphItem[]): Record<string, number> {
  return Object.fromEntries(layoutGraph(items).nodes.map((node) => [node.item.name, node.column]));
}

/** The same numbers every time: a multiplicative generator, of Park and Miller. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('a graph', () => {
  it('of nothing takes no room', () => {
    expect(layoutGraph([])).toEqual({ nodes: [], edges: [], columns: 0, rows: 0 });
  });

  it('stands the same in whatever order its items come', () => {
    // As the registry answers a warmup: what it was made from first, and its pseudo labels before their teacher.
    const items = [
      item('warmup', 'labels', 'teacher'),
      item('labels', 'teacher'),
      item('teacher', 'photos'),
      item('photos'),
    ];
    const expected = { photos: 0, teacher: 1, labels: 2, warmup: 3 };
    expect(columns(items)).toEqual(expected);
    expect(columns(items.toReversed())).toEqual(expected);
  });

  it('puts an item behind the longest way to it', () => {
    expect(columns([item('a'), item('b', 'a'), item('c', 'b'), item('d', 'a', 'c')])).toMatchObject({ d: 3 });
  });

  it('draws a need that is said twice once, and none to what is not there', () => {
    const { edges, nodes } = layoutGraph([item('a'), item('b', 'a', 'a', 'gone')]);
    expect(edges).toHaveLength(1);
    expect(nodes).toHaveLength(2);
  });

  it('ends for items that need themselves, or each other', () => {
    expect(columns([item('a', 'a')])).toEqual({ a: 0 });
    const { nodes, edges } = layoutGraph([item('a', 'c'), item('b', 'a'), item('c', 'b'), item('d', 'c')]);
    expect(nodes).toHaveLength(4);
    for (const { from, to } of edges) expect(from.column).toBeLessThan(to.column);
  });

  it('holds a chain of many without end', () => {
    const chain = Array.from({ length: 2000 }, (_, index) => item(`${index}`, `${index - 1}`));
    expect(layoutGraph(chain).columns).toBe(2000);
    expect(layoutGraph(chain.toReversed()).columns).toBe(2000);
  });

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'leads every edge to the right, and puts no two cards in one place: graph %i of chance',
    (seed) => {
      const random = randoms(seed);
      const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
      // Only to smaller numbers: no circle.
      const items = names.map((name, index) =>
        item(name, ...names.slice(0, index).filter(() => random() < 0.15)),
      );
      const shuffled = items
        .map((one) => [random(), one] as const)
        .sort(([a], [b]) => a - b)
        .map(([, one]) => one);
      const { nodes, edges, columns: width, rows } = layoutGraph(shuffled);
      expect(edges).toHaveLength(items.reduce((sum, { needs }) => sum + needs.length, 0));
      for (const { from, to } of edges) expect(from.column).toBeLessThan(to.column);
      expect(new Set(nodes.map(({ column, row }) => `${column} ${row}`)).size).toBe(30);
      expect(Math.max(...nodes.map(({ column }) => column)) + 1).toBe(width);
      expect(Math.max(...nodes.map(({ row }) => row)) + 1).toBe(rows);
    },
  );
});
