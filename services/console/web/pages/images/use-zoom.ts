import { useRef, useState } from 'preact/hooks';

/** How pictures that are looked at together are shown: times larger, moved by shares of their size. */
export interface Zoom {
  readonly style: { readonly transform: string };
  readonly reset: () => void;
  /** By the name of the key. */
  readonly keys: Readonly<Record<string, () => void>>;
  readonly handlers: {
    readonly onWheel: (event: WheelEvent) => void;
    readonly onPointerDown: (event: PointerEvent) => void;
    readonly onPointerMove: (event: PointerEvent) => void;
    readonly onPointerUp: () => void;
  };
}

interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const WHOLE: View = { scale: 1, x: 0, y: 0 };
const STEP = 1.25;
const MOST = 16;

export function useZoom(): Zoom {
  const [view, setView] = useState(WHOLE);
  const dragged = useRef<{ x: number; y: number }>(undefined);
  const zoomBy = (factor: number): void =>
    setView((last) => limited({ ...last, scale: last.scale * factor }));
  const moveBy = (x: number, y: number): void =>
    setView((last) => limited({ ...last, x: last.x + x, y: last.y + y }));
  return {
    style: { transform: `translate(${view.x}%, ${view.y}%) scale(${view.scale})` },
    reset: () => setView(WHOLE),
    keys: {
      '+': () => zoomBy(STEP),
      '=': () => zoomBy(STEP),
      '-': () => zoomBy(1 / STEP),
      '0': () => setView(WHOLE),
      ArrowUp: () => moveBy(0, 10),
      ArrowDown: () => moveBy(0, -10),
      a: () => moveBy(10, 0),
      d: () => moveBy(-10, 0),
    },
    handlers: {
      onWheel(event) {
        event.preventDefault();
        zoomBy(event.deltaY < 0 ? STEP : 1 / STEP);
      },
      onPointerDown(event) {
        dragged.current = { x: event.clientX, y: event.clientY };
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      },
      onPointerMove(event) {
        const from = dragged.current;
        if (from === undefined) return;
        const { clientWidth, clientHeight } = event.currentTarget as HTMLElement;
        moveBy(
          (100 * (event.clientX - from.x)) / clientWidth,
          (100 * (event.clientY - from.y)) / clientHeight,
        );
        dragged.current = { x: event.clientX, y: event.clientY };
      },
      onPointerUp() {
        dragged.current = undefined;
      },
    },
  };
}

/** Never smaller than whole, never moved out of its frame. */
function limited({ scale, x, y }: View): View {
  const size = Math.min(MOST, Math.max(1, scale));
  const most = 50 * (size - 1);
  return { scale: size, x: Math.min(most, Math.max(-most, x)), y: Math.min(most, Math.max(-most, y)) };
}
