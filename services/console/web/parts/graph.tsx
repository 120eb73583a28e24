import type { ComponentChildren, JSX } from 'preact';
import { layoutGraph, type GraphItem, type PlacedNode } from './layout-graph.ts';

interface GraphProps<T extends GraphItem> {
  readonly label: string;
  /** In any order, which is that of the rows. */
  readonly items: readonly T[];
  /** Colour of the edges that leave an item: a class of style.css. */
  readonly kind: (item: T) => string;
  readonly card: (item: T) => ComponentChildren;
}

/** Pixels from card to card, and of a card. */
const STEP = { x: 205, y: 120 };
const CARD = { width: 177, height: 106 };

/** Cards and what leads to what; on narrow screens the same cards are a list (style.css). */
export function Graph<T extends GraphItem>({ label, items, kind, card }: GraphProps<T>): JSX.Element {
  const { nodes, edges, columns, rows } = layoutGraph(items);
  const width = Math.max(0, columns * STEP.x - (STEP.x - CARD.width));
  const height = Math.max(0, rows * STEP.y - (STEP.y - CARD.height));
  return (
    <div class="graph-frame scrolls" tabIndex={0} role="group" aria-label={label}>
      <ol class="graph" style={{ width: `${width}px`, height: `${height}px` }}>
        {nodes.map((node) => (
          <li key={node.item.name} style={positionOf(node)}>
            {card(node.item)}
          </li>
        ))}
      </ol>
      <svg class="edges" width={width} height={height} aria-hidden="true">
        {edges.map(({ from, to }) => (
          <path key={`${from.item.name} ${to.item.name}`} d={curve(from, to)} class={kind(from.item)} />
        ))}
      </svg>
    </div>
  );
}

function positionOf({ column, row }: PlacedNode<GraphItem>): Record<string, string> {
  return {
    left: `${column * STEP.x}px`,
    top: `${row * STEP.y}px`,
    width: `${CARD.width}px`,
    height: `${CARD.height}px`,
  };
}

function curve(from: PlacedNode<GraphItem>, to: PlacedNode<GraphItem>): string {
  const x1 = from.column * STEP.x + CARD.width;
  const y1 = from.row * STEP.y + CARD.height / 2;
  const x2 = to.column * STEP.x;
  const y2 = to.row * STEP.y + CARD.height / 2;
  const bend = Math.min(40, (x2 - x1) / 2);
  if (to.column - from.column === 1) return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  // Long edges run in the gap between rows, not through cards.
  const above = Math.max(y1, y2) - STEP.y / 2;
  const y = y1 === y2 ? above + STEP.y : above;
  return `M${x1},${y1} C${x1 + bend},${y1} ${x1 + 8},${y} ${x1 + 40},${y} L${x2 - 40},${y} C${x2 - 8},${y} ${x2 - bend},${y2} ${x2},${y2}`;
}
