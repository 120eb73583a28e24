import { Component, type JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count } from '../../format.ts';
import type { ShownImage } from './image-types.ts';
import { LatePicture } from './late-picture.tsx';
import { Outlines } from './outlines.tsx';
import { pictureLine, type PictureLine } from './picture-line.ts';
import type { Pages } from './use-pages.ts';
import { MAX_HEIGHT, useWindow } from './use-window.ts';

interface ImageGridProps {
  readonly pages: Pages;
  /** Query that names the label set. */
  readonly base: string;
  readonly onOpen: (index: number) => void;
}

/** Pixels of a tile with its gap. */
const TILE = { width: 172, height: 176 };

/** A grid of any length, of which only what is seen exists; lists that no browser could hold come in parts. */
export function ImageGrid({ pages, base, onOpen }: ImageGridProps): JSX.Element {
  const grid = useRef<HTMLDivElement>(null);
  const { columns, first, last } = useWindow(grid, TILE.width, TILE.height);
  const line = useMemo(() => pictureLine(), []);
  const [chosen, setPart] = useState(0);
  const partSize = Math.floor(MAX_HEIGHT / TILE.height) * columns;
  const parts = Math.ceil(pages.total / partSize);
  // A filter leaves fewer, a wider window shows more at once.
  const part = Math.max(0, Math.min(chosen, parts - 1));
  const start = part * partSize;
  const inPart = Math.max(0, Math.min(partSize, pages.total - start));
  const from = start + first * columns;
  const to = Math.min(start + inPart, start + (last + 1) * columns);
  line.middle = (from + to) / 2;
  useEffect(() => {
    if (to > from) pages.want('grid', from, to - 1);
  });
  const indices = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
  return (
    <>
      <Parts count={parts} part={part} size={partSize} onChange={setPart} />
      <div
        ref={grid}
        class="tiles"
        style={{ height: `${Math.ceil(inPart / columns) * TILE.height}px` }}
        onKeyDown={(event) => moveFocus(event, columns)}
      >
        {indices.map((index) => (
          <Tile
            key={index}
            index={index}
            image={pages.image(index)}
            base={base}
            place={index - start}
            columns={columns}
            line={line}
            onOpen={onOpen}
          />
        ))}
      </div>
    </>
  );
}

function styleAt(index: number, columns: number): Record<string, string> {
  const share = 100 / columns;
  return {
    left: `${(index % columns) * share}%`,
    width: `calc(${share}% - 8px)`,
    top: `${Math.floor(index / columns) * TILE.height}px`,
    height: `${TILE.height - 8}px`,
  };
}

interface TileProps {
  readonly index: number;
  readonly image: ShownImage | undefined;
  readonly base: string;
  /** Position in this part of the grid. */
  readonly place: number;
  readonly columns: number;
  readonly line: PictureLine;
  readonly onOpen: (index: number) => void;
}

/** Drawn again only where something of it has changed: each page of images that comes draws the grid. */
class Tile extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const { image, base, place, columns, onOpen } = this.props;
    return (
      next.image !== image ||
      next.base !== base ||
      next.place !== place ||
      next.columns !== columns ||
      next.onOpen !== onOpen
    );
  }

  override render({ index, image, base, place, columns, line, onOpen }: TileProps): JSX.Element {
    const style = styleAt(place, columns);
    if (image === undefined) return <div class="tile" style={style} />;
    const { at, key, labels, failure } = image;
    return (
      <button
        type="button"
        class="tile"
        style={style}
        data-index={index}
        aria-label={failure === undefined ? `${key}, ${labels.length} labels` : undefined}
        onClick={() => onOpen(index)}
      >
        {failure === undefined ? (
          <span class="picture">
            <LatePicture src={`/api/label-sets/picture?${base}&at=${at}`} index={index} line={line} />
            <Outlines image={image} boxes={labels} />
          </span>
        ) : (
          <span class="picture failed">{failure.message}</span>
        )}
        <span class="tile-name">{key}</span>
        {failure !== undefined && <span class="visually-hidden">, failed</span>}
      </button>
    );
  }
}

/** Arrow keys go from tile to tile; what is not drawn yet is scrolled to. */
function moveFocus(event: KeyboardEvent, columns: number): void {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  const step = steps[event.key];
  const grid = event.currentTarget as HTMLElement;
  const index = Number((document.activeElement as HTMLElement | null)?.dataset['index']);
  if (step === undefined || Number.isNaN(index)) return;
  const next = grid.querySelector<HTMLElement>(`[data-index="${index + step}"]`);
  if (next === null) return;
  event.preventDefault();
  next.focus();
}

interface PartsProps {
  readonly count: number;
  readonly part: number;
  readonly size: number;
  readonly onChange: (part: number) => void;
}

function Parts({ count: parts, part, size, onChange }: PartsProps): JSX.Element | null {
  if (!(parts > 1)) return null;
  return (
    <label class="part">
      Images{' '}
      <select value={part} onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}>
        {Array.from({ length: parts }, (_, index) => (
          <option key={index} value={index}>
            from {count(index * size + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}
